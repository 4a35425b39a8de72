// The story of tests/clients/README.md, told by Meilisearch's Go client.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"
)

var (
	url      = os.Getenv("STORY_URL")
	keyUID   = os.Getenv("STORY_KEY_UID")
	booksUID = os.Getenv("STORY_PREFIX") + "_books"
	draftUID = os.Getenv("STORY_PREFIX") + "_draft"
	client   = meilisearch.New(url, meilisearch.WithAPIKey(os.Getenv("STORY_KEY")))
	index    = client.Index(booksUID)
)

type book struct {
	ID     int     `json:"id"`
	Title  string  `json:"title"`
	Year   int     `json:"year"`
	Price  float64 `json:"price"`
	Signed bool    `json:"signed"`
}

type facetHit struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

var settings = meilisearch.Settings{
	SearchableAttributes: []string{"title", "overview", "author"},
	FilterableAttributes: []string{"genres", "author", "year", "price"},
	SortableAttributes:   []string{"price", "year"},
	RankingRules:         []string{"words", "typo", "proximity", "attribute", "sort", "exactness", "rating:desc"},
	Synonyms:             map[string][]string{"ocean": {"sea"}},
	StopWords:            []string{"a", "of", "the"},
	TypoTolerance: &meilisearch.TypoTolerance{
		Enabled:             true,
		MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
		DisableOnWords:      []string{},
		DisableOnAttributes: []string{},
	},
	Faceting: &meilisearch.Faceting{
		MaxValuesPerFacet: 50,
		SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount},
	},
	Pagination: &meilisearch.Pagination{MaxTotalHits: 500},
}

// failure is what a step panics with when something is not as the story tells it.
type failure struct{ text string }

func fail(format string, values ...any) { panic(failure{fmt.Sprintf(format, values...)}) }

func equal(actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		fail("expected %v, got %v", expected, actual)
	}
}

// must returns the value of a call that has to succeed.
func must[T any](value T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return value
}

func refused[T any](code string, _ T, err error) {
	var refusal *meilisearch.Error
	if !errors.As(err, &refusal) {
		fail("expected the error %s, got %v", code, err)
	}
	equal(refusal.MeilisearchApiError.Code, code)
}

func ended(status meilisearch.TaskStatus, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	enqueued := must(info, err)
	task := must(client.WaitForTask(enqueued.TaskUID, 50*time.Millisecond))
	if task.Status != status || task.Type != enqueued.Type {
		fail("expected the task to be %s: %+v", status, *task)
	}
	return task
}

func done(info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	return ended(meilisearch.TaskStatusSucceeded, info, err)
}

func decode[T any](raw json.RawMessage) T {
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		fail("%v in %s", err, raw)
	}
	return value
}

func ids(hits meilisearch.Hits) []int {
	var found []book
	if err := hits.Decode(&found); err != nil {
		fail("%v", err)
	}
	list := make([]int, 0, len(found))
	for _, one := range found {
		list = append(list, one.ID)
	}
	return list
}

func search(query string, request meilisearch.SearchRequest) *meilisearch.SearchResponse {
	return must(index.Search(query, &request))
}

func list(query meilisearch.DocumentsQuery) meilisearch.DocumentsResult {
	var page meilisearch.DocumentsResult
	if err := index.GetDocuments(&query, &page); err != nil {
		fail("%v", err)
	}
	return page
}

func documents() json.RawMessage { return must(os.ReadFile("../books.json")) }

func healthAndVersion() {
	equal(must(client.Health()).Status, "available")
	equal(strings.Split(must(client.Version()).PkgVersion, ".")[0], "1")
}

func createIndex() {
	config := &meilisearch.IndexConfig{Uid: booksUID, PrimaryKey: "id"}
	done(client.CreateIndex(config))
	equal(must(client.GetIndex(booksUID)).PrimaryKey, "id")
	info, err := client.CreateIndex(config)
	equal(ended(meilisearch.TaskStatusFailed, info, err).Error.Code, "index_already_exists")
	for _, found := range must(client.ListIndexes(&meilisearch.IndexesQuery{Limit: 100})).Results {
		if found.UID == booksUID {
			return
		}
	}
	fail("%s is not listed", booksUID)
}

func updateSettings() {
	done(index.UpdateSettings(&settings))
	actual := must(index.GetSettings())
	equal(actual.FilterableAttributes, settings.FilterableAttributes)
	equal(actual.SortableAttributes, settings.SortableAttributes)
	equal(actual.SearchableAttributes, settings.SearchableAttributes)
	equal(actual.Synonyms, settings.Synonyms)
	equal(actual.StopWords, settings.StopWords)
	equal(actual.TypoTolerance, settings.TypoTolerance)
	equal(actual.Faceting, settings.Faceting)
	equal(actual.Pagination, settings.Pagination)
	equal(*must(index.GetRankingRules()), settings.RankingRules)
}

func addDocuments() {
	task := done(index.AddDocuments(documents(), nil))
	equal([]int64{task.Details.ReceivedDocuments, task.Details.IndexedDocuments}, []int64{20, 20})
}

func updatePartially() {
	done(index.UpdateDocuments([]map[string]any{{"id": 6, "price": 15, "signed": true}}, nil))
	var found book
	must(0, index.GetDocument("6", nil, &found))
	equal(found, book{ID: 6, Title: "Ocean of Glass", Year: 2019, Price: 15, Signed: true})
}

func getDocuments() {
	var found map[string]int
	must(0, index.GetDocument("3", &meilisearch.DocumentQuery{Fields: []string{"id", "year"}}, &found))
	equal(found, map[string]int{"id": 3, "year": 2012})
	page := list(meilisearch.DocumentsQuery{Limit: 7, Offset: 14, Fields: []string{"id"}})
	equal([]int64{page.Total, page.Limit, page.Offset, int64(page.Results.Len())}, []int64{20, 7, 14, 6})
	some := ids(list(meilisearch.DocumentsQuery{Filter: "author = 'Ana Velasco'", Fields: []string{"id"}}).Results)
	sort.Ints(some)
	equal(some, []int{1, 4, 14})
	refused("document_not_found", 0, index.GetDocument("999", nil, &found))
}

func searchWords() {
	answer := search("ocean", meilisearch.SearchRequest{})
	equal(ids(answer.Hits), []int{6, 10, 4, 3})
	equal(answer.EstimatedTotalHits, int64(4))
	equal(ids(search("lighthose", meilisearch.SearchRequest{ShowRankingScore: true}).Hits), []int{5, 18})
	bad, err := index.Search("", &meilisearch.SearchRequest{Filter: "title = x"})
	refused("invalid_search_filter", bad, err)
	unknown, err := client.Index(booksUID+"_unknown").Search("", &meilisearch.SearchRequest{})
	refused("index_not_found", unknown, err)
}

func filterAndSort() {
	filter := []any{"year >= 2000", []string{"genres = Mystery", "genres = Novel"}}
	newest := search("", meilisearch.SearchRequest{Filter: filter, Sort: []string{"year:desc"}})
	equal(ids(newest.Hits), []int{16, 20, 10, 13, 5, 8})
	cheapest := search("", meilisearch.SearchRequest{
		Filter: "year >= 2010 AND genres = Children",
		Sort:   []string{"price:asc"},
	})
	equal(ids(cheapest.Hits), []int{13, 3})
}

func facets() {
	answer := search("", meilisearch.SearchRequest{Facets: []string{"genres", "year"}, Filter: "price < 15"})
	equal(decode[map[string]map[string]int](answer.FacetDistribution)["genres"], map[string]int{
		"Children": 4, "Adventure": 3, "Mystery": 3, "Novel": 3, "Cooking": 1, "Science Fiction": 1,
	})
	equal(decode[map[string]map[string]float64](answer.FacetStats), map[string]map[string]float64{
		"year": {"min": 1995, "max": 2018},
	})
}

func highlightAndCrop() {
	answer := search("sea", meilisearch.SearchRequest{
		AttributesToHighlight: []string{"title"},
		AttributesToCrop:      []string{"overview"},
		CropLength:            5,
	})
	formatted := decode[map[string]any](answer.Hits[0]["_formatted"])
	equal(formatted["title"], "The <em>Sea</em> Remembers")
	equal(formatted["overview"], "Three generations of a fishing…")
}

func pages() {
	six := int64(6)
	answer := search("", meilisearch.SearchRequest{Page: 2, HitsPerPage: &six, Sort: []string{"price:asc"}})
	equal(ids(answer.Hits), []int{1, 11, 5, 6, 20, 16})
	equal([]int64{answer.Page, answer.TotalPages, answer.TotalHits}, []int64{2, 4, 20})
	last := search("", meilisearch.SearchRequest{Offset: 18, Limit: 5, Sort: []string{"price:asc"}})
	equal(ids(last.Hits), []int{2, 19})
}

func facetSearch() {
	find := func(request meilisearch.FacetSearchRequest) []facetHit {
		return decode[struct{ FacetHits []facetHit }](*must(index.FacetSearch(&request))).FacetHits
	}
	genres := find(meilisearch.FacetSearchRequest{FacetName: "genres", FacetQuery: "c"})
	equal(genres, []facetHit{{"Children", 4}, {"Cooking", 2}})
	authors := find(meilisearch.FacetSearchRequest{FacetName: "author", FacetQuery: "da", Filter: "year > 2010"})
	equal(authors, []facetHit{{"Dariusz Nakagawa", 3}})
}

func multiSearch() {
	answer := must(client.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{
		{IndexUID: booksUID, Query: "ocean", Limit: 2},
		{IndexUID: booksUID, Filter: "genres = Cooking", Sort: []string{"year:asc"}},
	}}))
	equal(len(answer.Results), 2)
	equal([]string{answer.Results[0].IndexUID, answer.Results[1].IndexUID}, []string{booksUID, booksUID})
	equal([][]int{ids(answer.Results[0].Hits), ids(answer.Results[1].Hits)}, [][]int{{6, 10}, {15, 12}})
}

func tasks() {
	info, err := index.AddDocuments([]map[string]string{{"id": "not an id"}}, nil)
	failed := ended(meilisearch.TaskStatusFailed, info, err)
	equal(failed.Error.Code, "invalid_document_id")
	listed := must(client.GetTasks(&meilisearch.TasksQuery{
		IndexUIDS: []string{booksUID},
		Types:     []meilisearch.TaskType{meilisearch.TaskTypeDocumentAdditionOrUpdate},
		Limit:     2,
	}))
	equal(listed.Total, int64(3))
	equal(
		[]meilisearch.TaskStatus{listed.Results[0].Status, listed.Results[1].Status},
		[]meilisearch.TaskStatus{meilisearch.TaskStatusFailed, meilisearch.TaskStatusSucceeded},
	)
	onlyFailed := must(client.GetTasks(&meilisearch.TasksQuery{
		IndexUIDS: []string{booksUID},
		Statuses:  []meilisearch.TaskStatus{meilisearch.TaskStatusFailed},
	}))
	equal(onlyFailed.Total, int64(2))
	equal(must(client.GetTask(failed.UID)).IndexUID, booksUID)
	unknown, err := client.GetTask(4_000_000_000)
	refused("task_not_found", unknown, err)
	cancelled := done(client.CancelTasks(&meilisearch.CancelTasksQuery{UIDS: []int64{failed.UID}}))
	equal([]int64{cancelled.Details.MatchedTasks, cancelled.Details.CanceledTasks}, []int64{1, 0})
}

func keys() {
	key := must(client.CreateKey(&meilisearch.Key{
		UID: keyUID, Name: "story", Actions: []string{"search"}, Indexes: []string{booksUID},
	}))
	equal([]any{key.UID, key.Actions, key.Indexes}, []any{keyUID, []string{"search"}, []string{booksUID}})
	reader := meilisearch.New(url, meilisearch.WithAPIKey(key.Key))
	best := must(reader.Index(booksUID).Search("ocean", &meilisearch.SearchRequest{Limit: 1}))
	equal(ids(best.Hits), []int{6})
	added, err := reader.Index(booksUID).AddDocuments(documents(), nil)
	refused("invalid_api_key", added, err)
	other, err := reader.Index(draftUID).Search("", &meilisearch.SearchRequest{})
	refused("invalid_api_key", other, err)
	equal(must(client.UpdateKey(keyUID, &meilisearch.Key{Name: "renamed"})).Name, "renamed")
	equal(must(client.GetKey(key.Key)).Name, "renamed")
}

func tenantToken() {
	key := must(client.GetKey(keyUID))
	rules := map[string]any{booksUID: map[string]any{"filter": "genres = Nature"}}
	token := must(client.GenerateTenantToken(keyUID, rules, &meilisearch.TenantTokenOptions{APIKey: key.Key}))
	tenant := meilisearch.New(url, meilisearch.WithAPIKey(token))
	all := must(tenant.Index(booksUID).Search("", &meilisearch.SearchRequest{Sort: []string{"year:asc"}}))
	equal(ids(all.Hits), []int{14, 17, 9})
	some := must(tenant.Index(booksUID).Search("", &meilisearch.SearchRequest{Filter: "year > 2012"}))
	equal(some.EstimatedTotalHits, int64(1))
	stats, err := tenant.GetStats(nil)
	refused("invalid_api_key", stats, err)
}

func deleteKey() {
	key := must(client.GetKey(keyUID))
	must(client.DeleteKey(keyUID))
	reader := meilisearch.New(url, meilisearch.WithAPIKey(key.Key))
	answer, err := reader.Index(booksUID).Search("", &meilisearch.SearchRequest{})
	refused("invalid_api_key", answer, err)
	gone, err := client.GetKey(keyUID)
	refused("api_key_not_found", gone, err)
}

func stats() {
	found := must(index.GetStats(nil))
	equal([]any{found.NumberOfDocuments, found.IsIndexing}, []any{int64(20), false})
	equal(found.FieldDistribution, map[string]int64{
		"author": 20, "genres": 20, "id": 20, "overview": 20, "price": 20, "rating": 20, "signed": 1, "title": 20, "year": 20,
	})
	equal(must(client.GetStats(nil)).Indexes[booksUID].NumberOfDocuments, int64(20))
}

func deleteDocuments() {
	equal(done(index.DeleteDocument("20", nil)).Details.DeletedDocuments, int64(1))
	equal(done(index.DeleteDocuments([]string{"1", "2", "777"}, nil)).Details.DeletedDocuments, int64(2))
	equal(done(index.DeleteDocumentsByFilter("genres = Nature", nil)).Details.DeletedDocuments, int64(3))
	equal(list(meilisearch.DocumentsQuery{}).Total, int64(14))
}

func swapIndexes() {
	draft := client.Index(draftUID)
	done(draft.AddDocuments([]map[string]any{{"id": 1, "title": "Only a draft"}}, nil))
	done(client.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{booksUID, draftUID}}}))
	equal(list(meilisearch.DocumentsQuery{}).Total, int64(1))
	equal(must(draft.GetStats(nil)).NumberOfDocuments, int64(14))
	equal(ids(must(draft.Search("ocean", &meilisearch.SearchRequest{})).Hits), []int{6, 10, 4, 3})
}

func deleteIndexes() {
	equal(done(client.Index(draftUID).DeleteAllDocuments(nil)).Details.DeletedDocuments, int64(14))
	done(client.DeleteIndex(booksUID))
	done(client.DeleteIndex(draftUID))
	gone, err := client.GetIndex(booksUID)
	refused("index_not_found", gone, err)
}

func run(name string, step func()) {
	defer func() {
		if problem := recover(); problem != nil {
			told, expected := problem.(failure)
			if !expected {
				panic(problem)
			}
			fmt.Fprintf(os.Stderr, "FAILED %s: %s\n", name, told.text)
			os.Exit(1)
		}
	}()
	step()
	fmt.Println("ok", name)
}

func main() {
	run("health and version", healthAndVersion)
	run("create index", createIndex)
	run("update settings", updateSettings)
	run("add documents", addDocuments)
	run("update partially", updatePartially)
	run("get documents", getDocuments)
	run("search", searchWords)
	run("filter and sort", filterAndSort)
	run("facets", facets)
	run("highlight and crop", highlightAndCrop)
	run("pages", pages)
	run("facet search", facetSearch)
	run("multi search", multiSearch)
	run("tasks", tasks)
	run("keys", keys)
	run("tenant token", tenantToken)
	run("delete key", deleteKey)
	run("stats", stats)
	run("delete documents", deleteDocuments)
	run("swap indexes", swapIndexes)
	run("delete indexes", deleteIndexes)
}
