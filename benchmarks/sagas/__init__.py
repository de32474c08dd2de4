"""Durable sagas beside DBOS, and beside the commits that they are made of."""
