//! The story of tests/clients/README.md, told by Meilisearch's Rust client.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::fs::read_to_string;
use std::sync::LazyLock;
use std::time::Duration;

use meilisearch_sdk::client::{Client, SwapIndexes};
use meilisearch_sdk::documents::{DocumentDeletionQuery, DocumentQuery, DocumentsQuery, DocumentsResults};
use meilisearch_sdk::errors::{Error, ErrorCode};
use meilisearch_sdk::indexes::{Index, IndexesQuery};
use meilisearch_sdk::key::{Action, KeyBuilder, KeyUpdater};
use meilisearch_sdk::search::{SearchResult, SearchResults, Selectors};
use meilisearch_sdk::settings::{
    FacetSortValue, FacetingSettings, MinWordSizeForTypos, PaginationSetting, Settings, TypoToleranceSettings,
};
use meilisearch_sdk::task_info::TaskInfo;
use meilisearch_sdk::tasks::{Task, TaskType, TasksCancelQuery, TasksSearchQuery};
use serde_json::{json, Value};

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

static KEY_UID: LazyLock<String> = LazyLock::new(|| given("STORY_KEY_UID"));
static BOOKS: LazyLock<String> = LazyLock::new(|| given("STORY_PREFIX") + "_books");
static DRAFT: LazyLock<String> = LazyLock::new(|| given("STORY_PREFIX") + "_draft");

const RANKING_RULES: [&str; 7] = ["words", "typo", "proximity", "attribute", "sort", "exactness", "rating:desc"];

type Outcome = Result<(), Error>;

fn connect(key: &str) -> Client {
    Client::new(given("STORY_URL"), Some(key)).expect("a client")
}

fn client() -> Client {
    connect(&given("STORY_KEY"))
}

fn index() -> Index {
    client().index(&*BOOKS)
}

fn books() -> Vec<Value> {
    serde_json::from_str(&read_to_string("../books.json").expect("books.json")).expect("JSON")
}

fn refused<T: Debug>(code: ErrorCode, result: Result<T, Error>) {
    match result {
        Err(Error::Meilisearch(error)) => assert_eq!(error.error_code, code),
        other => panic!("expected {code:?}, got {other:?}"),
    }
}

async fn ended(task: TaskInfo) -> Result<Task, Error> {
    client().wait_for_task(task, None, Some(Duration::from_secs(60))).await
}

async fn done(task: TaskInfo) -> Result<TaskType, Error> {
    match ended(task).await? {
        Task::Succeeded { content } => Ok(content.update_type),
        other => panic!("expected the task to succeed: {other:?}"),
    }
}

async fn failed(task: TaskInfo) -> Result<ErrorCode, Error> {
    match ended(task).await? {
        Task::Failed { content } => Ok(content.error.error_code),
        other => panic!("expected the task to fail: {other:?}"),
    }
}

async fn deleted(task: TaskInfo) -> Result<usize, Error> {
    match done(task).await? {
        TaskType::DocumentDeletion { details: Some(details) } => Ok(details.deleted_documents.unwrap_or(0)),
        other => panic!("expected a deletion: {other:?}"),
    }
}

fn ids(hits: &[SearchResult<Value>]) -> Vec<i64> {
    hits.iter().map(|hit| hit.result["id"].as_i64().expect("an id")).collect()
}

async fn total(index: &Index) -> Result<u32, Error> {
    let page: DocumentsResults<Value> = index.get_documents().await?;
    Ok(page.total)
}

async fn health_and_version() -> Outcome {
    assert_eq!(client().health().await?.status, "available");
    assert!(client().get_version().await?.pkg_version.starts_with("1."));
    Ok(())
}

async fn create_index() -> Outcome {
    done(client().create_index(&*BOOKS, Some("id")).await?).await?;
    assert_eq!(client().get_index(&*BOOKS).await?.primary_key.as_deref(), Some("id"));
    let again = client().create_index(&*BOOKS, None).await?;
    assert_eq!(failed(again).await?, ErrorCode::IndexAlreadyExists);
    let client = client();
    let listed = IndexesQuery::new(&client).with_limit(100).execute().await?;
    assert!(listed.results.iter().any(|found| found.uid == *BOOKS));
    Ok(())
}

async fn update_settings() -> Outcome {
    let typo_tolerance = TypoToleranceSettings {
        enabled: Some(true),
        min_word_size_for_typos: Some(MinWordSizeForTypos { one_typo: Some(4), two_typos: Some(8) }),
        disable_on_words: Some(vec![]),
        disable_on_attributes: Some(vec![]),
        disable_on_numbers: Some(false),
    };
    let faceting = FacetingSettings {
        max_values_per_facet: 50,
        sort_facet_values_by: Some(BTreeMap::from([("*".to_string(), FacetSortValue::Count)])),
    };
    let pagination = PaginationSetting { max_total_hits: 500 };
    let settings = Settings::new()
        .with_searchable_attributes(["title", "overview", "author"])
        .with_filterable_attributes(["genres", "author", "year", "price"])
        .with_sortable_attributes(["price", "year"])
        .with_ranking_rules(RANKING_RULES)
        .with_synonyms(HashMap::from([("ocean", vec!["sea"])]))
        .with_stop_words(["a", "of", "the"])
        .with_typo_tolerance(typo_tolerance.clone())
        .with_faceting(faceting.clone())
        .with_pagination(pagination);
    done(index().set_settings(&settings).await?).await?;
    let actual = index().get_settings().await?;
    assert_eq!(actual.searchable_attributes, settings.searchable_attributes);
    assert_eq!(actual.filterable_attributes, settings.filterable_attributes);
    assert_eq!(actual.sortable_attributes, settings.sortable_attributes);
    assert_eq!(actual.synonyms, settings.synonyms);
    assert_eq!(actual.stop_words, settings.stop_words);
    assert_eq!(actual.typo_tolerance, Some(typo_tolerance));
    assert_eq!(actual.faceting, Some(faceting));
    assert_eq!(actual.pagination, Some(pagination));
    assert_eq!(index().get_ranking_rules().await?, RANKING_RULES);
    Ok(())
}

async fn add_documents() -> Outcome {
    match done(index().add_documents(&books(), None).await?).await? {
        TaskType::DocumentAdditionOrUpdate { details: Some(details) } => {
            assert_eq!((details.received_documents, details.indexed_documents), (20, Some(20)));
        }
        other => panic!("expected an addition: {other:?}"),
    }
    Ok(())
}

async fn update_partially() -> Outcome {
    done(index().add_or_update(&[json!({"id": 6, "price": 15, "signed": true})], None).await?).await?;
    let book: Value = index().get_document("6").await?;
    assert_eq!((&book["price"], &book["signed"]), (&json!(15), &json!(true)));
    assert_eq!(book["title"], "Ocean of Glass");
    Ok(())
}

async fn get_documents() -> Outcome {
    let index = index();
    let book: Value = DocumentQuery::new(&index).with_fields(["id", "year"]).execute("3").await?;
    assert_eq!(book, json!({"id": 3, "year": 2012}));
    let page: DocumentsResults<Value> =
        DocumentsQuery::new(&index).with_limit(7).with_offset(14).with_fields(["id"]).execute().await?;
    assert_eq!((page.total, page.limit, page.offset, page.results.len()), (20, 7, 14, 6));
    let some: DocumentsResults<Value> =
        DocumentsQuery::new(&index).with_filter("author = 'Ana Velasco'").with_fields(["id"]).execute().await?;
    let mut found: Vec<_> = some.results.iter().filter_map(|book| book["id"].as_i64()).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 4, 14]);
    refused(ErrorCode::DocumentNotFound, index.get_document::<Value>("999").await);
    Ok(())
}

async fn search() -> Outcome {
    let index = index();
    let answer: SearchResults<Value> = index.search().with_query("ocean").execute().await?;
    assert_eq!((ids(&answer.hits), answer.estimated_total_hits), (vec![6, 10, 4, 3], Some(4)));
    let typo: SearchResults<Value> =
        index.search().with_query("lighthose").with_show_ranking_score(true).execute().await?;
    assert_eq!(ids(&typo.hits), [5, 18]);
    assert!(typo.hits.iter().all(|hit| hit.ranking_score.is_some()));
    refused(ErrorCode::InvalidSearchFilter, index.search().with_filter("title = x").execute::<Value>().await);
    let unknown = client().index(format!("{}_unknown", *BOOKS));
    refused(ErrorCode::IndexNotFound, unknown.search().execute::<Value>().await);
    Ok(())
}

async fn filter_and_sort() -> Outcome {
    let index = index();
    let newest: SearchResults<Value> = index
        .search()
        .with_array_filter(vec!["year >= 2000", "genres = Mystery OR genres = Novel"])
        .with_sort(&["year:desc"])
        .execute()
        .await?;
    assert_eq!(ids(&newest.hits), [16, 20, 10, 13, 5, 8]);
    let cheapest: SearchResults<Value> =
        index.search().with_filter("year >= 2010 AND genres = Children").with_sort(&["price:asc"]).execute().await?;
    assert_eq!(ids(&cheapest.hits), [13, 3]);
    Ok(())
}

async fn facets() -> Outcome {
    let answer: SearchResults<Value> =
        index().search().with_facets(Selectors::Some(&["genres", "year"])).with_filter("price < 15").execute().await?;
    let genres =
        [("Children", 4), ("Adventure", 3), ("Mystery", 3), ("Novel", 3), ("Cooking", 1), ("Science Fiction", 1)];
    let expected: HashMap<String, usize> = genres.map(|(name, count)| (name.to_string(), count)).into();
    assert_eq!(answer.facet_distribution.unwrap_or_default()["genres"], expected);
    let stats = answer.facet_stats.unwrap_or_default();
    assert_eq!((stats["year"].min, stats["year"].max), (1995.0, 2018.0));
    Ok(())
}

async fn highlight_and_crop() -> Outcome {
    let answer: SearchResults<Value> = index()
        .search()
        .with_query("sea")
        .with_attributes_to_highlight(Selectors::Some(&["title"]))
        .with_attributes_to_crop(Selectors::Some(&[("overview", None)]))
        .with_crop_length(5)
        .execute()
        .await?;
    let formatted = answer.hits[0].formatted_result.clone().unwrap_or_default();
    assert_eq!(formatted["title"], "The <em>Sea</em> Remembers");
    assert_eq!(formatted["overview"], "Three generations of a fishing…");
    Ok(())
}

async fn pages() -> Outcome {
    let index = index();
    let second: SearchResults<Value> =
        index.search().with_page(2).with_hits_per_page(6).with_sort(&["price:asc"]).execute().await?;
    assert_eq!(ids(&second.hits), [1, 11, 5, 6, 20, 16]);
    assert_eq!((second.page, second.total_pages, second.total_hits), (Some(2), Some(4), Some(20)));
    let last: SearchResults<Value> =
        index.search().with_offset(18).with_limit(5).with_sort(&["price:asc"]).execute().await?;
    assert_eq!(ids(&last.hits), [2, 19]);
    Ok(())
}

async fn facet_search() -> Outcome {
    let index = index();
    let genres = index.facet_search("genres").with_facet_query("c").execute().await?;
    let found: Vec<_> = genres.facet_hits.iter().map(|hit| (hit.value.as_str(), hit.count)).collect();
    assert_eq!(found, [("Children", 4), ("Cooking", 2)]);
    let authors = index.facet_search("author").with_facet_query("da").with_filter("year > 2010").execute().await?;
    let found: Vec<_> = authors.facet_hits.iter().map(|hit| (hit.value.as_str(), hit.count)).collect();
    assert_eq!(found, [("Dariusz Nakagawa", 3)]);
    Ok(())
}

async fn multi_search() -> Outcome {
    let (client, index) = (client(), index());
    let oceans = index.search().with_query("ocean").with_limit(2).build();
    let cooking = index.search().with_filter("genres = Cooking").with_sort(&["year:asc"]).build();
    let answer = client.multi_search().with_search_query(oceans).with_search_query(cooking).execute::<Value>().await?;
    let found: Vec<_> = answer.results.iter().map(|one| (one.index_uid.clone(), ids(&one.hits))).collect();
    assert_eq!(found, [(Some(BOOKS.clone()), vec![6, 10]), (Some(BOOKS.clone()), vec![15, 12])]);
    Ok(())
}

async fn tasks() -> Outcome {
    let client = client();
    let bad = index().add_documents(&[json!({"id": "not an id"})], None).await?;
    let uid = bad.task_uid;
    let unknown = TaskInfo { task_uid: 4_000_000_000, ..bad.clone() };
    assert_eq!(failed(bad).await?, ErrorCode::InvalidDocumentId);
    let listed = TasksSearchQuery::new(&client)
        .with_index_uids([BOOKS.as_str()])
        .with_types(["documentAdditionOrUpdate"])
        .with_limit(2)
        .execute()
        .await?;
    assert_eq!((listed.total, listed.results.len()), (3, 2));
    assert!(listed.results[0].is_failure() && listed.results[1].is_success());
    let only_failed =
        TasksSearchQuery::new(&client).with_index_uids([BOOKS.as_str()]).with_statuses(["failed"]).execute().await?;
    assert_eq!(only_failed.total, 2);
    refused(ErrorCode::TaskNotFound, client.get_task(&unknown).await);
    let cancel = TasksCancelQuery::new(&client).with_uids([&uid]).execute().await?;
    match done(cancel).await? {
        TaskType::TaskCancelation { details: Some(details) } => {
            assert_eq!((details.matched_tasks, details.canceled_tasks), (1, Some(0)));
        }
        other => panic!("expected a cancelation: {other:?}"),
    }
    Ok(())
}

async fn keys() -> Outcome {
    let client = client();
    let key = KeyBuilder::new()
        .with_uid(&*KEY_UID)
        .with_name("story")
        .with_action(Action::Search)
        .with_index(&*BOOKS)
        .execute(&client)
        .await?;
    assert_eq!((&key.uid, &key.actions, &key.indexes), (&*KEY_UID, &vec![Action::Search], &vec![BOOKS.clone()]));
    let reader = connect(&key.key);
    let best: SearchResults<Value> = reader.index(&*BOOKS).search().with_query("ocean").with_limit(1).execute().await?;
    assert_eq!(ids(&best.hits), [6]);
    refused(ErrorCode::InvalidApiKey, reader.index(&*BOOKS).add_documents(&books(), None).await);
    refused(ErrorCode::InvalidApiKey, reader.index(&*DRAFT).search().execute::<Value>().await);
    let renamed = KeyUpdater::new(&*KEY_UID).with_name("renamed").execute(&client).await?;
    assert_eq!(renamed.name.as_deref(), Some("renamed"));
    assert_eq!(client.get_key(&key).await?.name.as_deref(), Some("renamed"));
    Ok(())
}

async fn tenant_token() -> Outcome {
    let key = client().get_key(&*KEY_UID).await?;
    let rules = json!({ BOOKS.as_str(): { "filter": "genres = Nature" } });
    let token = client().generate_tenant_token(KEY_UID.clone(), rules, Some(&key.key), None)?;
    let tenant = connect(&token);
    let all: SearchResults<Value> = tenant.index(&*BOOKS).search().with_sort(&["year:asc"]).execute().await?;
    assert_eq!(ids(&all.hits), [14, 17, 9]);
    let some: SearchResults<Value> = tenant.index(&*BOOKS).search().with_filter("year > 2012").execute().await?;
    assert_eq!(some.estimated_total_hits, Some(1));
    refused(ErrorCode::InvalidApiKey, tenant.get_stats().await);
    Ok(())
}

async fn delete_key() -> Outcome {
    let key = client().get_key(&*KEY_UID).await?;
    client().delete_key(&*KEY_UID).await?;
    refused(ErrorCode::InvalidApiKey, connect(&key.key).index(&*BOOKS).search().execute::<Value>().await);
    refused(ErrorCode::ApiKeyNotFound, client().get_key(&*KEY_UID).await);
    Ok(())
}

async fn stats() -> Outcome {
    let found = index().get_stats().await?;
    assert_eq!((found.number_of_documents, found.is_indexing), (20, false));
    let mut expected: HashMap<String, usize> =
        ["author", "genres", "id", "overview", "price", "rating", "title", "year"]
            .map(|name| (name.to_string(), 20))
            .into();
    expected.insert("signed".to_string(), 1);
    assert_eq!(found.field_distribution, expected);
    assert_eq!(client().get_stats().await?.indexes[&*BOOKS].number_of_documents, 20);
    Ok(())
}

async fn delete_documents() -> Outcome {
    let index = index();
    assert_eq!(deleted(index.delete_document(20).await?).await?, 1);
    assert_eq!(deleted(index.delete_documents(&[1, 2, 777]).await?).await?, 2);
    let nature = DocumentDeletionQuery::new(&index).with_filter("genres = Nature").execute::<Value>().await?;
    assert_eq!(deleted(nature).await?, 3);
    assert_eq!(total(&index).await?, 14);
    Ok(())
}

async fn swap_indexes() -> Outcome {
    let draft = client().index(&*DRAFT);
    done(draft.add_documents(&[json!({"id": 1, "title": "Only a draft"})], None).await?).await?;
    let swap = SwapIndexes { indexes: (BOOKS.clone(), DRAFT.clone()), rename: None };
    done(client().swap_indexes([&swap]).await?).await?;
    assert_eq!((total(&index()).await?, total(&draft).await?), (1, 14));
    let answer: SearchResults<Value> = draft.search().with_query("ocean").execute().await?;
    assert_eq!(ids(&answer.hits), [6, 10, 4, 3]);
    Ok(())
}

async fn delete_indexes() -> Outcome {
    assert_eq!(deleted(client().index(&*DRAFT).delete_all_documents().await?).await?, 14);
    done(client().delete_index(&*BOOKS).await?).await?;
    done(client().delete_index(&*DRAFT).await?).await?;
    match client().get_index(&*BOOKS).await {
        Err(Error::Meilisearch(error)) => assert_eq!(error.error_code, ErrorCode::IndexNotFound),
        _ => panic!("expected IndexNotFound"),
    }
    Ok(())
}

async fn run(name: &str, step: impl std::future::Future<Output = Outcome>) {
    if let Err(error) = step.await {
        eprintln!("FAILED {name}: {error}");
        std::process::exit(1);
    }
    println!("ok {name}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    run("health and version", health_and_version()).await;
    run("create index", create_index()).await;
    run("update settings", update_settings()).await;
    run("add documents", add_documents()).await;
    run("update partially", update_partially()).await;
    run("get documents", get_documents()).await;
    run("search", search()).await;
    run("filter and sort", filter_and_sort()).await;
    run("facets", facets()).await;
    run("highlight and crop", highlight_and_crop()).await;
    run("pages", pages()).await;
    run("facet search", facet_search()).await;
    run("multi search", multi_search()).await;
    run("tasks", tasks()).await;
    run("keys", keys()).await;
    run("tenant token", tenant_token()).await;
    run("delete key", delete_key()).await;
    run("stats", stats()).await;
    run("delete documents", delete_documents()).await;
    run("swap indexes", swap_indexes()).await;
    run("delete indexes", delete_indexes()).await;
}
