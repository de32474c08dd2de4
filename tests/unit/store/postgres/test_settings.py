"""What the URL of a store in PostgreSQL may say, and that its password is never shown."""

from __future__ import annotations

import pytest

psycopg = pytest.importorskip("psycopg")

from eventlab.errors import InvalidValue  # noqa: E402  # after the reason to skip
from eventlab.store import open_store  # noqa: E402
from eventlab.store.postgres.settings import settings_of  # noqa: E402
from eventlab.testing import run  # noqa: E402


@pytest.mark.parametrize(
    ("url", "shown", "database", "pool"),
    [
        (
            "postgresql://u:sesame@h:5433/shop?pool=3&sslmode=require",
            "postgresql://u@h:5433/shop?sslmode=require",
            "shop",
            3,
        ),
        ("postgres://h/shop", "postgresql://h/shop", "shop", 8),
        ("postgresql:///shop?host=/tmp/x&password=sesame", "postgresql:///shop?host=/tmp/x", "shop", 8),
        ("postgresql://u%40x:sesame@h", "postgresql://u%40x@h/", "u@x", 8),
        ("postgresql://[::1]:5/shop", "postgresql://[::1]:5/shop", "shop", 8),
        ("postgresql://a:1,b:2/shop", "postgresql:///shop?host=a,b&port=1,2", "shop", 8),
    ],
)
def test_a_url_is_read_and_shown_without_its_password(url: str, shown: str, database: str, pool: int) -> None:
    settings = settings_of(url)
    assert (settings.url, settings.database, settings.pool) == (shown, database, pool)
    assert "sesame" not in repr(settings)
    assert settings_of(shown).url == shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:sesame@h/shop?pol=3", "did you mean 'pool'"),
        ("postgresql://u:sesame@h/shop?sslmod=require", "did you mean 'sslmode'"),
        ("postgresql://u:sesame@h/shop?pool=0", "1 to 100"),
        ("postgresql://u:sesame@h/shop?pool=many", "1 to 100"),
        ("postgresql://u:ses/ame@h/shop", "%2F"),
        ("postgresql://u:se?same@h/shop", "an option of libpq"),
        ("postgresql://u:sesame@h:port/shop", "a port in digits"),
        ("postgresql+psycopg://u:sesame@h/shop", "postgresql://USER@HOST"),
        ("postgresql:shop", "postgresql://USER@HOST"),
    ],
)
def test_a_url_that_opens_nothing_says_what_would_and_keeps_the_secret(url: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        open_store(url)
    assert expected in str(caught.value)
    assert not any(secret in f"{caught.value!r}{caught.value}" for secret in ("sesame", "same", "ame@"))


def test_a_store_is_called_as_its_database_unless_told_otherwise() -> None:
    async def main() -> None:
        for name, called in ((None, "shop"), ("orders", "orders")):
            store = open_store("postgresql://h/shop", name=name)
            assert store.name == called
            await store.close()  # never connected: nothing to let go of

    run(main())
