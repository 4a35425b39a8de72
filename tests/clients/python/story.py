"""The story of tests/clients/README.md, told by Meilisearch's Python client."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meilisearch import Client
from meilisearch.errors import MeilisearchApiError
from meilisearch.models.task import Task, TaskInfo

URL = os.environ["STORY_URL"]
BOOKS = f"{os.environ['STORY_PREFIX']}_books"
DRAFT = f"{os.environ['STORY_PREFIX']}_draft"
KEY_UID = os.environ["STORY_KEY_UID"]

client = Client(URL, os.environ["STORY_KEY"])
index = client.index(BOOKS)
documents = json.loads((Path(__file__).parent / "../books.json").read_text())

settings = {
    "searchableAttributes": ["title", "overview", "author"],
    "filterableAttributes": ["genres", "author", "year", "price"],
    "sortableAttributes": ["price", "year"],
    "rankingRules": ["words", "typo", "proximity", "attribute", "sort", "exactness", "rating:desc"],
    "synonyms": {"ocean": ["sea"]},
    "stopWords": ["a", "of", "the"],
    "typoTolerance": {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8},
        "disableOnWords": [],
        "disableOnAttributes": [],
        "disableOnNumbers": False,
    },
    "faceting": {"maxValuesPerFacet": 50, "sortFacetValuesBy": {"*": "count"}},
    "pagination": {"maxTotalHits": 500},
}


def equal(actual: Any, expected: Any) -> None:
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def refused(code: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except MeilisearchApiError as error:
        equal(error.code, code)
    else:
        raise AssertionError(f"expected the error {code}")


def done(info: TaskInfo, status: str = "succeeded") -> Task:
    task = client.wait_for_task(info.task_uid, timeout_in_ms=60_000)
    equal((task.status, task.type), (status, info.type))
    return task


def ids(answer: dict[str, Any]) -> list[int]:
    return [hit["id"] for hit in answer["hits"]]


def health_and_version() -> None:
    equal(client.health(), {"status": "available"})
    equal(client.get_version()["pkgVersion"].split(".")[0], "1")


def create_index() -> None:
    done(client.create_index(BOOKS, {"primaryKey": "id"}))
    equal(client.get_index(BOOKS).primary_key, "id")
    equal(done(client.create_index(BOOKS), "failed").error["code"], "index_already_exists")
    equal(BOOKS in [found.uid for found in client.get_indexes({"limit": 100})["results"]], True)


def update_settings() -> None:
    done(index.update_settings(settings))
    actual = index.get_settings()
    equal({name: actual[name] for name in settings}, settings)
    equal(index.get_ranking_rules(), settings["rankingRules"])


def add_documents() -> None:
    task = done(index.add_documents(documents))
    equal(task.details, {"receivedDocuments": 20, "indexedDocuments": 20})


def update_partially() -> None:
    done(index.update_documents([{"id": 6, "price": 15.0, "signed": True}]))
    book = dict(index.get_document(6))
    equal((book["price"], book["signed"], book["title"]), (15.0, True, "Ocean of Glass"))


def get_documents() -> None:
    equal(dict(index.get_document(3, {"fields": ["id", "year"]})), {"id": 3, "year": 2012})
    page = index.get_documents({"limit": 7, "offset": 14, "fields": ["id"]})
    equal((page.total, page.limit, page.offset, len(page.results)), (20, 7, 14, 6))
    some = index.get_documents({"filter": "author = 'Ana Velasco'", "fields": ["id"]})
    equal(sorted(found.id for found in some.results), [1, 4, 14])
    refused("document_not_found", lambda: index.get_document(999))


def search() -> None:
    answer = index.search("ocean")
    equal((ids(answer), answer["estimatedTotalHits"]), ([6, 10, 4, 3], 4))
    equal(ids(index.search("lighthose", {"showRankingScore": True})), [5, 18])
    refused("invalid_search_filter", lambda: index.search("", {"filter": "title = x"}))
    refused("index_not_found", lambda: client.index(f"{BOOKS}_unknown").search(""))


def filter_and_sort() -> None:
    filters = ["year >= 2000", ["genres = Mystery", "genres = Novel"]]
    equal(ids(index.search("", {"filter": filters, "sort": ["year:desc"]})), [16, 20, 10, 13, 5, 8])
    equal(ids(index.search("", {"filter": "year >= 2010 AND genres = Children", "sort": ["price:asc"]})), [13, 3])


def facets() -> None:
    answer = index.search("", {"facets": ["genres", "year"], "filter": "price < 15"})
    equal(
        answer["facetDistribution"]["genres"],
        {"Children": 4, "Adventure": 3, "Mystery": 3, "Novel": 3, "Cooking": 1, "Science Fiction": 1},
    )
    equal(answer["facetStats"], {"year": {"min": 1995, "max": 2018}})


def highlight_and_crop() -> None:
    options = {"attributesToHighlight": ["title"], "attributesToCrop": ["overview"], "cropLength": 5}
    best = index.search("sea", options)["hits"][0]["_formatted"]
    equal(best["title"], "The <em>Sea</em> Remembers")
    equal(best["overview"], "Three generations of a fishing…")


def pages() -> None:
    answer = index.search("", {"page": 2, "hitsPerPage": 6, "sort": ["price:asc"]})
    equal(ids(answer), [1, 11, 5, 6, 20, 16])
    equal((answer["page"], answer["totalPages"], answer["totalHits"]), (2, 4, 20))
    equal(ids(index.search("", {"offset": 18, "limit": 5, "sort": ["price:asc"]})), [2, 19])


def facet_search() -> None:
    answer = index.facet_search("genres", "c")
    equal(answer["facetHits"], [{"value": "Children", "count": 4}, {"value": "Cooking", "count": 2}])
    answer = index.facet_search("author", "da", {"filter": "year > 2010"})
    equal(answer["facetHits"], [{"value": "Dariusz Nakagawa", "count": 3}])


def multi_search() -> None:
    queries = [
        {"indexUid": BOOKS, "q": "ocean", "limit": 2},
        {"indexUid": BOOKS, "q": "", "filter": "genres = Cooking", "sort": ["year:asc"]},
    ]
    answers = client.multi_search(queries)["results"]
    equal([(answer["indexUid"], ids(answer)) for answer in answers], [(BOOKS, [6, 10]), (BOOKS, [15, 12])])


def tasks() -> None:
    failed = done(index.add_documents([{"id": "not an id"}]), "failed")
    equal((failed.error["code"], failed.details["indexedDocuments"]), ("invalid_document_id", 0))
    listed = client.get_tasks({"indexUids": [BOOKS], "types": ["documentAdditionOrUpdate"], "limit": 2})
    equal((listed.total, [task.status for task in listed.results]), (3, ["failed", "succeeded"]))
    equal(client.get_tasks({"indexUids": [BOOKS], "statuses": ["failed"]}).total, 2)
    equal(client.get_task(failed.uid).index_uid, BOOKS)
    refused("task_not_found", lambda: client.get_task(4_000_000_000))
    cancelled = done(client.cancel_tasks({"uids": [str(failed.uid)]}))
    equal((cancelled.details["matchedTasks"], cancelled.details["canceledTasks"]), (1, 0))


def keys() -> None:
    asked = {"uid": KEY_UID, "name": "story", "actions": ["search"], "indexes": [BOOKS], "expiresAt": None}
    key = client.create_key(asked)
    equal((key.uid, key.actions, key.indexes), (KEY_UID, ["search"], [BOOKS]))
    reader = Client(URL, key.key)
    equal(ids(reader.index(BOOKS).search("ocean", {"limit": 1})), [6])
    refused("invalid_api_key", lambda: reader.index(BOOKS).add_documents(documents))
    refused("invalid_api_key", lambda: reader.index(DRAFT).search(""))
    equal(client.update_key(KEY_UID, {"name": "renamed"}).name, "renamed")
    equal(client.get_key(key.key).name, "renamed")


def tenant_token() -> None:
    key = client.get_key(KEY_UID)
    rules = {BOOKS: {"filter": "genres = Nature"}}
    tenant = Client(URL, client.generate_tenant_token(KEY_UID, rules, api_key=key.key))
    answer = tenant.index(BOOKS).search("", {"sort": ["year:asc"]})
    equal(ids(answer), [14, 17, 9])
    equal(tenant.index(BOOKS).search("", {"filter": "year > 2012"})["estimatedTotalHits"], 1)
    refused("invalid_api_key", lambda: tenant.get_all_stats())


def delete_key() -> None:
    key = client.get_key(KEY_UID)
    client.delete_key(KEY_UID)
    refused("invalid_api_key", lambda: Client(URL, key.key).index(BOOKS).search(""))
    refused("api_key_not_found", lambda: client.get_key(KEY_UID))


def stats() -> None:
    found = index.get_stats()
    equal((found.number_of_documents, found.is_indexing), (20, False))
    fields = dict(found.field_distribution)
    del fields["_FieldDistribution__dict"]  # the client's own
    equal(sorted(fields), ["author", "genres", "id", "overview", "price", "rating", "signed", "title", "year"])
    equal((fields["title"], fields["signed"]), (20, 1))
    equal(client.get_all_stats()["indexes"][BOOKS]["numberOfDocuments"], 20)


def delete_documents() -> None:
    equal(done(index.delete_document(20)).details["deletedDocuments"], 1)
    equal(done(index.delete_documents(ids=["1", "2", "777"])).details["deletedDocuments"], 2)
    equal(done(index.delete_documents(filter="genres = Nature")).details["deletedDocuments"], 3)
    equal(index.get_documents().total, 14)


def swap_indexes() -> None:
    done(client.index(DRAFT).add_documents([{"id": 1, "title": "Only a draft"}]))
    done(client.swap_indexes([{"indexes": [BOOKS, DRAFT]}]))
    equal((index.get_documents().total, client.index(DRAFT).get_documents().total), (1, 14))
    equal(ids(client.index(DRAFT).search("ocean")), [6, 10, 4, 3])


def delete_indexes() -> None:
    equal(done(client.index(DRAFT).delete_all_documents()).details["deletedDocuments"], 14)
    done(client.delete_index(BOOKS))
    done(client.delete_index(DRAFT))
    refused("index_not_found", lambda: client.get_index(BOOKS))


STEPS = [
    health_and_version,
    create_index,
    update_settings,
    add_documents,
    update_partially,
    get_documents,
    search,
    filter_and_sort,
    facets,
    highlight_and_crop,
    pages,
    facet_search,
    multi_search,
    tasks,
    keys,
    tenant_token,
    delete_key,
    stats,
    delete_documents,
    swap_indexes,
    delete_indexes,
]

for step in STEPS:
    name = step.__name__.replace("_", " ")
    try:
        step()
    except Exception as error:  # whatever it is, it belongs into the report
        sys.exit(f"FAILED {name}: {error}")
    print(f"ok {name}", flush=True)
