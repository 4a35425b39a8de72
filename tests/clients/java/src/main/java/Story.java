import com.meilisearch.sdk.Client;
import com.meilisearch.sdk.Config;
import com.meilisearch.sdk.FacetSearchRequest;
import com.meilisearch.sdk.Index;
import com.meilisearch.sdk.IndexSearchRequest;
import com.meilisearch.sdk.MultiSearchRequest;
import com.meilisearch.sdk.SearchRequest;
import com.meilisearch.sdk.TenantTokenOptions;
import com.meilisearch.sdk.exceptions.MeilisearchApiException;
import com.meilisearch.sdk.exceptions.MeilisearchTimeoutException;
import com.meilisearch.sdk.model.CancelTasksQuery;
import com.meilisearch.sdk.model.DocumentQuery;
import com.meilisearch.sdk.model.DocumentsQuery;
import com.meilisearch.sdk.model.FacetSortValue;
import com.meilisearch.sdk.model.Faceting;
import com.meilisearch.sdk.model.IndexesQuery;
import com.meilisearch.sdk.model.Key;
import com.meilisearch.sdk.model.KeyUpdate;
import com.meilisearch.sdk.model.MultiSearchResult;
import com.meilisearch.sdk.model.Pagination;
import com.meilisearch.sdk.model.Results;
import com.meilisearch.sdk.model.SearchResultPaginated;
import com.meilisearch.sdk.model.Searchable;
import com.meilisearch.sdk.model.Settings;
import com.meilisearch.sdk.model.SwapIndexesParams;
import com.meilisearch.sdk.model.Task;
import com.meilisearch.sdk.model.TaskInfo;
import com.meilisearch.sdk.model.TaskStatus;
import com.meilisearch.sdk.model.TasksQuery;
import com.meilisearch.sdk.model.TasksResults;
import com.meilisearch.sdk.model.TypoTolerance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The story of tests/clients/README.md, told by Meilisearch's Java client. */
public final class Story {
    private static final String URL = System.getenv("STORY_URL");
    private static final String KEY_UID = System.getenv("STORY_KEY_UID");
    private static final String BOOKS = System.getenv("STORY_PREFIX") + "_books";
    private static final String DRAFT = System.getenv("STORY_PREFIX") + "_draft";

    private static final Client client = connect(System.getenv("STORY_KEY"));
    private static final Index index = client.index(BOOKS);
    private static final String[] RANKING_RULES = {
        "words", "typo", "proximity", "attribute", "sort", "exactness", "rating:desc"
    };

    /** A document, as far as the story looks at it. */
    static final class Book {
        int id;
        String title;
        Integer year;
        Double price;
        Boolean signed;
    }

    interface Step {
        void run() throws Exception;
    }

    private static Client connect(String key) {
        return new Client(new Config(URL, key));
    }

    private static void equal(Object actual, Object expected) {
        if (!Objects.deepEquals(actual, expected)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    private static void refused(String code, Step call) throws Exception {
        try {
            call.run();
        } catch (MeilisearchApiException error) {
            equal(error.getCode(), code);
            return;
        }
        throw new AssertionError("expected the error " + code);
    }

    /** This client gives up waiting after 5 seconds; a busy machine may need longer. */
    private static void await(TaskInfo info) {
        for (int attempt = 1; ; attempt++) {
            try {
                client.waitForTask(info.getTaskUid());
                return;
            } catch (MeilisearchTimeoutException timeout) {
                if (attempt == 12) throw timeout;
            }
        }
    }

    private static Task ended(TaskStatus status, TaskInfo info) {
        await(info);
        Task task = client.getTask(info.getTaskUid());
        equal(List.of(task.getStatus(), task.getType()), List.of(status, info.getType()));
        return task;
    }

    private static Task done(TaskInfo info) {
        return ended(TaskStatus.SUCCEEDED, info);
    }

    /** Ids of hits; this client reads every JSON number as a double. */
    private static List<Integer> ids(Iterable<HashMap<String, Object>> hits) {
        List<Integer> found = new ArrayList<>();
        for (HashMap<String, Object> hit : hits) found.add(((Double) hit.get("id")).intValue());
        return found;
    }

    private static List<Integer> search(SearchRequest request) {
        return ids(index.search(request).getHits());
    }

    private static String documents() throws Exception {
        return Files.readString(Path.of("../books.json"));
    }

    private static void healthAndVersion() {
        equal(client.isHealthy(), true);
        equal(client.getVersion().contains("\"pkgVersion\":\"1."), true);
    }

    private static void createIndex() {
        done(client.createIndex(BOOKS, "id"));
        equal(client.getIndex(BOOKS).getPrimaryKey(), "id");
        Task failed = ended(TaskStatus.FAILED, client.createIndex(BOOKS));
        equal(failed.getError().getCode(), "index_already_exists");
        Index[] listed = client.getIndexes(new IndexesQuery().setLimit(100)).getResults();
        equal(Stream.of(listed).anyMatch(found -> found.getUid().equals(BOOKS)), true);
    }

    private static void updateSettings() {
        String[] filterable = {"genres", "author", "year", "price"};
        String[] sortable = {"price", "year"};
        String[] searchable = {"title", "overview", "author"};
        String[] stopWords = {"a", "of", "the"};
        TypoTolerance typoTolerance =
                new TypoTolerance().setMinWordSizeForTypos(new HashMap<>(Map.of("oneTypo", 4, "twoTypos", 8)));
        Faceting faceting = new Faceting();
        faceting.setMaxValuesPerFacet(50);
        faceting.setSortFacetValuesBy(new HashMap<>(Map.of("*", FacetSortValue.COUNT)));
        Pagination pagination = new Pagination();
        pagination.setMaxTotalHits(500);
        done(
                index.updateSettings(
                        new Settings()
                                .setFilterableAttributes(filterable)
                                .setSortableAttributes(sortable)
                                .setSearchableAttributes(searchable)
                                .setRankingRules(RANKING_RULES)
                                .setSynonyms(new HashMap<>(Map.of("ocean", new String[] {"sea"})))
                                .setStopWords(stopWords)
                                .setTypoTolerance(typoTolerance)
                                .setFaceting(faceting)
                                .setPagination(pagination)));
        Settings actual = index.getSettings();
        equal(actual.getFilterableAttributes(), filterable);
        equal(actual.getSortableAttributes(), sortable);
        equal(actual.getSearchableAttributes(), searchable);
        equal(actual.getStopWords(), stopWords);
        equal(actual.getSynonyms().get("ocean"), new String[] {"sea"});
        equal(actual.getTypoTolerance().getMinWordSizeForTypos(), Map.of("oneTypo", 4, "twoTypos", 8));
        equal(actual.getFaceting().getSortFacetValuesBy(), Map.of("*", FacetSortValue.COUNT));
        equal(actual.getPagination().getMaxTotalHits(), 500);
        equal(index.getRankingRulesSettings(), RANKING_RULES);
    }

    private static void addDocuments() throws Exception {
        Task task = done(index.addDocuments(documents()));
        equal(task.getDetails().getReceivedDocuments(), 20);
        equal(task.getDetails().getIndexedDocuments(), 20);
    }

    private static void updatePartially() {
        done(index.updateDocuments("[{\"id\":6,\"price\":15,\"signed\":true}]"));
        Book book = index.getDocument("6", Book.class);
        equal(List.of(book.price, book.signed, book.title), List.of(15.0, true, "Ocean of Glass"));
    }

    private static void getDocuments() throws Exception {
        DocumentQuery fields = new DocumentQuery();
        fields.setFields(new String[] {"id", "year"});
        equal(index.getRawDocument("3", fields), "{\"id\":3,\"year\":2012}");
        Results<Book> page = index.getDocuments(new DocumentsQuery().setLimit(7).setOffset(14), Book.class);
        equal(
                List.of(page.getTotal(), page.getLimit(), page.getOffset(), page.getResults().length),
                List.of(20, 7, 14, 6));
        DocumentsQuery byAuthor = new DocumentsQuery().setFilter(new String[] {"author = 'Ana Velasco'"});
        equal(
                Stream.of(index.getDocuments(byAuthor, Book.class).getResults()).map(book -> book.id).sorted().toList(),
                List.of(1, 4, 14));
        refused("document_not_found", () -> index.getDocument("999", Book.class));
    }

    private static void search() throws Exception {
        equal(ids(index.search("ocean").getHits()), List.of(6, 10, 4, 3));
        equal(index.search("ocean").getEstimatedTotalHits(), 4);
        equal(search(new SearchRequest("lighthose").setShowRankingScore(true)), List.of(5, 18));
        SearchRequest bad = new SearchRequest("").setFilter(new String[] {"title = x"});
        refused("invalid_search_filter", () -> index.search(bad));
        refused("index_not_found", () -> client.index(BOOKS + "_unknown").search(""));
    }

    private static void filterAndSort() {
        SearchRequest newest =
                new SearchRequest("")
                        .setFilterArray(new String[][] {{"year >= 2000"}, {"genres = Mystery", "genres = Novel"}})
                        .setSort(new String[] {"year:desc"});
        equal(search(newest), List.of(16, 20, 10, 13, 5, 8));
        SearchRequest cheapest =
                new SearchRequest("")
                        .setFilter(new String[] {"year >= 2010 AND genres = Children"})
                        .setSort(new String[] {"price:asc"});
        equal(search(cheapest), List.of(13, 3));
    }

    private static void facets() {
        Searchable answer =
                index.search(
                        new SearchRequest("")
                                .setFacets(new String[] {"genres", "year"})
                                .setFilter(new String[] {"price < 15"}));
        Map<?, ?> distribution = (Map<?, ?>) answer.getFacetDistribution();
        equal(
                new TreeMap<Object, Object>((Map<?, ?>) distribution.get("genres")),
                Map.of(
                        "Children", 4.0, "Adventure", 3.0, "Mystery", 3.0,
                        "Novel", 3.0, "Cooking", 1.0, "Science Fiction", 1.0));
        equal(answer.getFacetStats().get("year").getMin(), 1995.0);
        equal(answer.getFacetStats().get("year").getMax(), 2018.0);
    }

    private static void highlightAndCrop() {
        SearchRequest request =
                new SearchRequest("sea")
                        .setAttributesToHighlight(new String[] {"title"})
                        .setAttributesToCrop(new String[] {"overview"})
                        .setCropLength(5);
        Map<?, ?> formatted = (Map<?, ?>) index.search(request).getHits().get(0).get("_formatted");
        equal(formatted.get("title"), "The <em>Sea</em> Remembers");
        equal(formatted.get("overview"), "Three generations of a fishing…");
    }

    private static void pages() {
        SearchRequest second =
                new SearchRequest("").setPage(2).setHitsPerPage(6).setSort(new String[] {"price:asc"});
        SearchResultPaginated answer = (SearchResultPaginated) index.search(second);
        equal(ids(answer.getHits()), List.of(1, 11, 5, 6, 20, 16));
        equal(List.of(answer.getPage(), answer.getTotalPages(), answer.getTotalHits()), List.of(2, 4, 20));
        SearchRequest last = new SearchRequest("").setOffset(18).setLimit(5).setSort(new String[] {"price:asc"});
        equal(search(last), List.of(2, 19));
    }

    private static void facetSearch() {
        FacetSearchRequest genres = FacetSearchRequest.builder().facetName("genres").facetQuery("c").build();
        equal(
                index.facetSearch(genres).getFacetHits(),
                List.of(Map.of("value", "Children", "count", 4.0), Map.of("value", "Cooking", "count", 2.0)));
        FacetSearchRequest authors =
                FacetSearchRequest.builder()
                        .facetName("author")
                        .facetQuery("da")
                        .filter(new String[] {"year > 2010"})
                        .build();
        equal(
                index.facetSearch(authors).getFacetHits(),
                List.of(Map.of("value", "Dariusz Nakagawa", "count", 3.0)));
    }

    private static void multiSearch() {
        MultiSearchRequest request =
                new MultiSearchRequest()
                        .addQuery(new IndexSearchRequest(BOOKS).setQuery("ocean").setLimit(2))
                        .addQuery(
                                new IndexSearchRequest(BOOKS)
                                        .setFilter(new String[] {"genres = Cooking"})
                                        .setSort(new String[] {"year:asc"}));
        MultiSearchResult[] answers = client.multiSearch(request).getResults();
        equal(Stream.of(answers).map(MultiSearchResult::getIndexUid).toList(), List.of(BOOKS, BOOKS));
        equal(
                Stream.of(answers).map(answer -> ids(answer.getHits())).toList(),
                List.of(List.of(6, 10), List.of(15, 12)));
    }

    private static void tasks() throws Exception {
        Task failed = ended(TaskStatus.FAILED, index.addDocuments("[{\"id\":\"not an id\"}]"));
        equal(failed.getError().getCode(), "invalid_document_id");
        equal(failed.getDetails().getIndexedDocuments(), 0);
        String[] ours = {BOOKS};
        TasksQuery additions =
                new TasksQuery().setIndexUids(ours).setTypes(new String[] {"documentAdditionOrUpdate"}).setLimit(2);
        TasksResults listed = client.getTasks(additions);
        equal(listed.getTotal(), 3);
        equal(
                Stream.of(listed.getResults()).map(Task::getStatus).toList(),
                List.of(TaskStatus.FAILED, TaskStatus.SUCCEEDED));
        TasksQuery allFailed = new TasksQuery().setIndexUids(ours).setStatuses(new String[] {"failed"});
        equal(client.getTasks(allFailed).getTotal(), 2);
        equal(client.getTask(failed.getUid()).getIndexUid(), BOOKS);
        refused("task_not_found", () -> client.getTask(2_000_000_000));
        Task cancelled = done(client.cancelTasks(new CancelTasksQuery().setUids(new int[] {failed.getUid()})));
        equal(cancelled.getDetails().getMatchedTasks(), 1);
        equal(cancelled.getDetails().getCanceledTasks(), 0);
    }

    private static void keys() throws Exception {
        Key asked = new Key();
        asked.setUid(KEY_UID);
        asked.setName("story");
        asked.setActions(new String[] {"search"});
        asked.setIndexes(new String[] {BOOKS});
        Key key = client.createKey(asked);
        equal(key.getUid(), KEY_UID);
        equal(Arrays.asList(key.getActions()), List.of("search"));
        equal(Arrays.asList(key.getIndexes()), List.of(BOOKS));
        Client reader = connect(key.getKey());
        equal(ids(reader.index(BOOKS).search(new SearchRequest("ocean").setLimit(1)).getHits()), List.of(6));
        refused("invalid_api_key", () -> reader.index(BOOKS).addDocuments(documents()));
        refused("invalid_api_key", () -> reader.index(DRAFT).search(""));
        equal(client.updateKey(KEY_UID, new KeyUpdate().setName("renamed")).getName(), "renamed");
        equal(client.getKey(key.getKey()).getName(), "renamed");
    }

    private static void tenantToken() throws Exception {
        Key key = client.getKey(KEY_UID);
        Map<String, Object> rules = Map.of(BOOKS, Map.of("filter", "genres = Nature"));
        TenantTokenOptions options = new TenantTokenOptions().setApiKey(key.getKey());
        Client tenant = connect(client.generateTenantToken(KEY_UID, rules, options));
        SearchRequest all = new SearchRequest("").setSort(new String[] {"year:asc"});
        equal(ids(tenant.index(BOOKS).search(all).getHits()), List.of(14, 17, 9));
        SearchRequest some = new SearchRequest("").setFilter(new String[] {"year > 2012"});
        equal(ids(tenant.index(BOOKS).search(some).getHits()), List.of(9));
        refused("invalid_api_key", tenant::getStats);
    }

    private static void deleteKey() throws Exception {
        Key key = client.getKey(KEY_UID);
        client.deleteKey(KEY_UID);
        refused("invalid_api_key", () -> connect(key.getKey()).index(BOOKS).search(""));
        refused("api_key_not_found", () -> client.getKey(KEY_UID));
    }

    private static void stats() {
        equal(index.getStats().getNumberOfDocuments(), 20L);
        equal(index.getStats().isIndexing(), false);
        equal(
                new TreeMap<>(index.getStats().getFieldDistribution()).toString(),
                "{author=20, genres=20, id=20, overview=20, price=20, rating=20, signed=1, title=20, year=20}");
        equal(client.getStats().getIndexes().get(BOOKS).getNumberOfDocuments(), 20L);
    }

    private static void deleteDocuments() {
        equal(done(index.deleteDocument("20")).getDetails().getDeletedDocuments(), 1);
        equal(done(index.deleteDocuments(List.of("1", "2", "777"))).getDetails().getDeletedDocuments(), 2);
        equal(done(index.deleteDocumentsByFilter("genres = Nature")).getDetails().getDeletedDocuments(), 3);
        equal(index.getDocuments(Book.class).getTotal(), 14);
    }

    private static void swapIndexes() {
        Index draft = client.index(DRAFT);
        done(draft.addDocuments("[{\"id\":1,\"title\":\"Only a draft\"}]"));
        SwapIndexesParams swap = new SwapIndexesParams().setIndexes(new String[] {BOOKS, DRAFT});
        done(client.swapIndexes(new SwapIndexesParams[] {swap}));
        equal(index.getDocuments(Book.class).getTotal(), 1);
        equal(draft.getDocuments(Book.class).getTotal(), 14);
        equal(ids(draft.search("ocean").getHits()), List.of(6, 10, 4, 3));
    }

    private static void deleteIndexes() throws Exception {
        equal(done(client.index(DRAFT).deleteAllDocuments()).getDetails().getDeletedDocuments(), 14);
        done(client.deleteIndex(BOOKS));
        done(client.deleteIndex(DRAFT));
        refused("index_not_found", () -> client.getIndex(BOOKS));
    }

    private static void run(String name, Step step) {
        try {
            step.run();
        } catch (Throwable problem) {
            System.err.println("FAILED " + name + ": " + problem);
            System.exit(1);
        }
        System.out.println("ok " + name);
    }

    public static void main(String[] arguments) {
        run("health and version", Story::healthAndVersion);
        run("create index", Story::createIndex);
        run("update settings", Story::updateSettings);
        run("add documents", Story::addDocuments);
        run("update partially", Story::updatePartially);
        run("get documents", Story::getDocuments);
        run("search", Story::search);
        run("filter and sort", Story::filterAndSort);
        run("facets", Story::facets);
        run("highlight and crop", Story::highlightAndCrop);
        run("pages", Story::pages);
        run("facet search", Story::facetSearch);
        run("multi search", Story::multiSearch);
        run("tasks", Story::tasks);
        run("keys", Story::keys);
        run("tenant token", Story::tenantToken);
        run("delete key", Story::deleteKey);
        run("stats", Story::stats);
        run("delete documents", Story::deleteDocuments);
        run("swap indexes", Story::swapIndexes);
        run("delete indexes", Story::deleteIndexes);
        System.exit(0); // the client's HTTP threads would keep the process for a minute
    }
}
