import reflex as rx

from portal_app.bundle import SmallBundle
from portal_app.settings import settings

config = rx.Config(
    app_name="portal_app",
    backend_host=settings().bind,
    backend_port=settings().port,
    api_url=settings().public_url,
    deploy_url=settings().public_url,
    cors_allowed_origins=[settings().public_url],
    trusted_proxy_hops=settings().trusted_proxy_hops,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_lazy_bundled_libraries=True,
    frontend_compression_formats=["brotli", "gzip"],
    # Never the disk manager: it keeps what is on screen in clear in files.
    state_manager_mode="redis" if settings().redis_url.get_secret_value() else "memory",
    redis_url=settings().redis_url.get_secret_value() or None,
    redis_token_expiration=900,
    plugins=[rx.plugins.TailwindV4Plugin(), SmallBundle()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
