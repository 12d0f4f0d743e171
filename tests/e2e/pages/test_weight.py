"""What a patient's phone has to load: gzipped, counted from the built files and their manifest."""

import gzip
import json
import re
from pathlib import Path

import pytest

SCRIPT, STYLE, FONT = 165 * 1024, 12 * 1024, 21 * 1024
FILES = 12  # of script, before a page works: each costs a phone a round trip or a place in the queue
NOT_FOR_PATIENTS = ("staff", "outbox")  # the outbox is the demo's
PRERENDERED = {"sign-in": "Sign in", "invoices": "Invoices", "receipt": "Back to invoices"}
PRERENDERED |= {
    "es/sign-in": "Iniciar sesión",
    "es/invoices": "Facturas",
    "es/receipt": "Volver a las facturas",
}


def gzipped(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def routes(built: Path) -> dict[str, set[str]]:
    """Each page's address, and the scripts that it loads before it works."""
    text = next(built.glob("assets/manifest-*.js")).read_text()
    manifest = json.loads(text[text.index("{") : text.rindex("}") + 1])
    common = (manifest["entry"], manifest["routes"]["root"])
    found = {}
    for route in manifest["routes"].values():
        if route["id"] != "root":
            parts = (*common, route)
            found[route.get("path") or ""] = {n for p in parts for n in (p["module"], *p["imports"])}
    return found


def patients(built: Path) -> dict[str, set[str]]:
    return {
        path: names
        for path, names in routes(built).items()
        if not set(NOT_FOR_PATIENTS) & set(path.split("/"))
    }


def linked(built: Path, page: str, ending: str) -> set[str]:
    """What the page's HTML names."""
    html = (built / f"{page}.html").read_text()
    names = set(re.findall(rf"/[\w./$\-\[\]~+]+\.{ending}\b", html))
    return {name for name in names if (built / name[1:]).is_file()}


def test_every_page_of_a_patient_is_light(built: Path):
    heavy = {}
    before = {"/ui.js"}  # what the document itself names
    assert before == linked(built, "invoices", "js") - {
        f"/{f.relative_to(built)}" for f in built.glob("assets/*")
    }
    for path, names in patients(built).items():
        size = sum(gzipped(built / name[1:]) for name in names | before)
        print(f"/{path}: {size / 1024:.1f} KB script")
        if size > SCRIPT or len(names) > FILES:
            heavy[path] = (size, len(names))
    assert not heavy
    assert any(path.endswith("invoices/:id") for path in patients(built))


def test_the_page_of_memberships_is_about_as_light_as_that_of_invoices(built: Path):
    size = {path: sum(gzipped(built / name[1:]) for name in names) for path, names in patients(built).items()}
    for language in ("", "es/"):
        assert size[f"{language}memberships"] <= size[f"{language}invoices"] + 5 * 1024


@pytest.mark.parametrize("page", [*PRERENDERED, "__spa-fallback", "404"])
def test_style_and_font_are_small(built: Path, page: str):
    style = sum(gzipped(built / name[1:]) for name in linked(built, page, "css"))
    fonts = {name.partition("?")[0] for name in linked(built, page, "woff2")}
    print(f"{page}: {style / 1024:.1f} KB style")
    assert 0 < style <= STYLE
    assert len(fonts) <= 1
    assert sum((built / name[1:]).stat().st_size for name in fonts) <= FONT


def test_the_style_brings_no_radix_themes(built: Path):
    for file in built.glob("assets/*.css"):
        text = file.read_text()
        assert not re.search(r"\.rt-[A-Z]|radix-themes", text), file.name


def test_the_processors_form_loads_only_where_one_pays(built: Path):
    """And only when it is wanted: no page loads it before it works."""
    carriers = {
        f"/assets/{file.name}" for file in built.glob("assets/*.js") if "js.stripe.com" in file.read_text()
    }
    assert carriers
    for path, names in routes(built).items():
        assert not carriers & names, path
    may = re.compile(
        r"invoices_\.__id_|invoice_e[ns]|_payments_|_payment-options_|_join_|links_e[ns]|_links_._bill_"
    )
    for file in built.glob("assets/*.js"):
        if f"/assets/{file.name}" not in carriers and any(Path(c).name in file.read_text() for c in carriers):
            assert may.search(file.name) or "stripe" in file.name.lower(), file.name


def test_charts_are_not_for_patients(built: Path):
    for path, names in patients(built).items():
        assert not [name for name in names if "recharts" in (built / name[1:]).read_text()], path


@pytest.mark.parametrize(("page", "words"), PRERENDERED.items())
def test_static_pages_show_their_shell_before_any_script(built: Path, page: str, words: str):
    html = re.sub(r"<script\b.*?</script>", "", (built / f"{page}.html").read_text(), flags=re.S)
    assert f">{words}<" in html
    assert "<header" in html


def test_drawing_a_signature_is_light_and_loaded_only_where_somebody_draws(built: Path):
    chunks = {f"/{file.relative_to(built)}" for file in built.glob("assets/signature_pad-*.js")}
    assert len(chunks) == 2  # the box, and signature_pad itself
    assert sum(gzipped(built / name[1:]) for name in chunks) <= 8 * 1024
    assert not [path for path, names in patients(built).items() if names & chunks]
