"""Google Drive, played by a local server with pages in the form of Drive's: a folder, a large file, a used-up quota, a log-in."""

import pytest
import requests
from web_server import CONTENT, serving

from lorafb.fetch import download, fetch_asset, google_drive
from lorafb.fetch.registry import Asset, Mirror
from lorafb.files import InputError

FOLDER, INNER, FILE, LARGE = (f"1{letter * 32}" for letter in "ABCD")
HEAD = "<!DOCTYPE html><html><head><title>{}</title></head><body>"


def entry(link, name):
    return (
        f'<div class="flip-entry"><div class="flip-entry-info"><a href="{link}" target="_blank">'
        f'<div class="flip-entry-title">{name}</div></a></div></div>'
    )


def folder(name, *entries):
    return (HEAD.format(name) + "".join(entries) + "</body></html>").encode()


def file(identity, name):
    return entry(f"https://drive.google.com/file/d/{identity}/view?usp=drive_web", name)


OUTER_PAGE = folder(
    "neural_dataset", entry(f"https://drive.google.com/drive/folders/{INNER}", "movie"), file(FILE, "shr_visp.npy")
)
INNER_PAGE = folder("movie", file(LARGE, "visp_1.npy"))
QUESTION = (
    HEAD.format("Google Drive - Virus scan warning") + "<p>Google Drive can't scan this file for viruses.</p>\n"
    '<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
    f'<input type="submit" value="Download anyway"/><input type="hidden" name="id" value="{LARGE}">'
    '<input type="hidden" name="export" value="download"><input type="hidden" name="confirm" value="t">'
    '<input type="hidden" name="uuid" value="153b954f"></form></body></html>'
).encode()
QUOTA = (
    HEAD.format("Google Drive - Quota exceeded")
    + '<p class="uc-error-caption">Sorry, you can&#39;t view or download this file at this time.</p>\n'
    '<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.</p></body></html>'
).encode()
LOGIN = (HEAD.format("Google Drive: Sign-in") + "<p>Sign in to continue</p></body></html>").encode()
PAGES = {
    f"/embeddedfolderview?id={FOLDER}": OUTER_PAGE,
    f"/embeddedfolderview?id={INNER}": INNER_PAGE,
    f"/uc?export=download&id={FILE}": CONTENT[:100],
    f"/uc?export=download&id={LARGE}": QUESTION,
    f"/download?id={LARGE}&export=download&confirm=t&uuid=153b954f": CONTENT,
}


@pytest.fixture
def google(monkeypatch):
    """Send what is meant for Google Drive to a local server."""
    asked_for, monkeypatched = requests.Session.request, {}

    def request(self, method, url, **more):
        for host in ("https://drive.google.com", "https://drive.usercontent.google.com"):
            url = url.replace(host, monkeypatched["server"])
        return asked_for(self, method, url, **more)

    def at(url):
        monkeypatched["server"] = url.removesuffix("/file")

    monkeypatch.setattr(requests.Session, "request", request)
    google_drive.listing.cache_clear()
    return at


def asset(name):
    return Asset(name, "counts", "free", (), (Mirror("drive", FOLDER, name),))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("shr_visp.npy", CONTENT[:100]), ("movie/visp_1.npy", CONTENT), ("allen/movie/visp_1.npy", CONTENT)],
    ids=["at once", "after the question about viruses", "by its name, elsewhere in the folder"],
)
def test_a_file_of_a_folder_is_found_and_fetched(wanted, expected, google, tmp_path):
    with serving(files=PAGES) as (url, _):
        google(url)
        assert fetch_asset.fetch(asset(wanted), tmp_path, say=lambda _: None).read_bytes() == expected


def test_a_large_file_is_continued_behind_the_question(google, tmp_path):
    with serving(files=PAGES) as (url, log):
        google(url)
        there = google_drive.address(FOLDER, "movie/visp_1.npy")
        (tmp_path / "part").write_bytes(CONTENT[:1000])
        (tmp_path / "part.tag").write_text(f'{there}\n"one"')
        download.download(there, tmp_path / "part", find_address=google_drive.find_address)
    assert log[-1] == "bytes=1000-"
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_for_the_list(google):
    with serving(files=PAGES, statuses=[429, 503]) as (url, _):
        google(url)
        assert sorted(google_drive.listing(FOLDER)) == ["movie/visp_1.npy", "shr_visp.npy"]


def test_a_folder_is_listed_once(google):
    with serving(files=PAGES) as (url, log):
        google(url)
        for _ in range(3):
            google_drive.address(FOLDER, "movie/visp_1.npy")
    assert len(log) == 2


@pytest.mark.parametrize(
    ("page", "expected"), [(QUOTA, "the file's quota is used up; try again in a day"), (LOGIN, "it asks to log in")]
)
def test_pages_in_the_place_of_a_file_are_recognised(page, expected, google, tmp_path):
    pages = {**PAGES, f"/uc?export=download&id={FILE}": page}
    with serving(files=pages) as (url, _):
        google(url)
        with pytest.raises(InputError, match=rf"^[^\n]*came instead of the file: {expected}[^\n]*$"):
            fetch_asset.fetch(asset("shr_visp.npy"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_folder_lacks_is_reported_with_the_files_that_it_has(google, tmp_path):
    with serving(files=PAGES) as (url, _):
        google(url)
        with pytest.raises(InputError, match=r"holds no visam\.npy; there are movie/visp_1\.npy, shr_visp\.npy"):
            fetch_asset.fetch(asset("visam.npy"), tmp_path)


def test_two_files_of_one_name_are_distinguished_by_their_path_only(google):
    twice = folder("data", file(FILE, "visp_1.npy"), entry(f"https://drive.google.com/drive/folders/{INNER}", "a"))
    with serving(files={**PAGES, f"/embeddedfolderview?id={FOLDER}": twice}) as (url, _):
        google(url)
        with pytest.raises(
            InputError, match=r"holds more than one b/visp_1\.npy; there are visp_1\.npy, movie/visp_1\.npy"
        ):
            google_drive.address(FOLDER, "b/visp_1.npy")
        assert google_drive.address(FOLDER, "visp_1.npy").endswith(FILE)
        assert google_drive.address(FOLDER, "movie/visp_1.npy").endswith(LARGE)


@pytest.mark.parametrize(
    "ways", [{"statuses": [429] * 9}, {"statuses": [404] * 9}, {"files": {"": b"<!DOCTYPE html><html>"}}]
)
def test_a_folder_that_cannot_be_listed_is_reported_in_one_line(ways, google):
    with serving(**ways) as (url, _):
        google(url)
        with pytest.raises(InputError, match=rf"^Google Drive folder {FOLDER}: cannot be listed: [^\n]+$"):
            google_drive.listing(FOLDER)
