/* SPDX-License-Identifier: Apache-2.0 */
/* The C++ layer on a real Redis: every function once, ownership, exceptions across callbacks. Prints what failed; 0 when nothing did. */
#include <mflixcache/mflixcache.hpp>

extern "C" {
#include "fixture.h"
}

#include <cstdio>
#include <stdexcept>
#include <string>

using namespace mflixcache;

static int passed;
static int failed;

static void check(bool ok, const char *what, int line)
{
    (ok ? passed : failed)++;
    if (!ok)
        std::printf("line %d: %s\n", line, what);
}
#define CHECK(condition) check((condition), #condition, __LINE__)

/* The status a call throws, MC_OK when it does not. */
template <class Call> static mc_status thrown(Call call)
{
    try {
        call();
        return MC_OK;
    } catch (const error &e) {
        CHECK(e.what()[0] != '\0' && std::string(e.name()).rfind("MC_E_", 0) == 0);
        return e.code();
    }
}

static void reads(const client &mc)
{
    auto miss = mc.get_movie(ID1);
    auto hit = mc.get_movie(std::string(ID1));
    CHECK(miss && !miss.hit() && hit && hit.hit() && !hit.stale());
    CHECK(hit->title() == "One" && hit->id() == ID1 && hit->year() == 1999 && hit->year_text() == "1999");
    CHECK(hit->rating() == 1.0 && hit->votes() == 7 && !hit->runtime() && !hit->released() && hit->plot() == "p");
    CHECK(hit->poster().empty() && hit->rated().empty() && hit->type().empty() && hit->json().empty());
    CHECK(hit->genres().empty() && hit->directors().empty() && hit->cast().empty());
    CHECK(hit->countries().empty() && hit->languages().empty() && !hit->imdb_id());
    auto whole = mc.get_movie_document(ID1);
    CHECK(whole->json().find("\"votes\":7") != std::string_view::npos);
    auto two = mc.get_movie_by_title("Two");
    CHECK(two->id() == ID2);
    CHECK(!mc.get_movie("573a1390f29313caabcd48ff"));
    auto many = mc.get_movies(std::vector<std::string>{ID3, "nonsense", ID1});
    CHECK(many.size() == 3 && many[0].movie.title() == "Three" && many[1].status == MC_E_ARG &&
          many[2].movie.title() == "One");
    const char *plain[] = {ID2};
    CHECK(mc.get_movies(plain)[0].movie.title() == "Two");
    CHECK(thrown([&] { mc.get_movie("nonsense"); }) == MC_E_ARG);
    CHECK(thrown([&] { mc.get_movie(std::string_view("573a\0", 5)); }) == MC_E_ARG);
    CHECK(thrown([&] { mc.get_movie_by_title(std::string(5000, 't')); }) == MC_E_TOOBIG);
    movie copy = *hit; /* shared */
    hit = answer<movie>();
    movie moved = std::move(copy);
    CHECK(!copy && moved.title() == "One");
}

/* Loops and variables over results that have no name: what they see is alive (under AddressSanitizer this is proven). What
   could not be is in lifetimes.cpp: it does not compile. */
static void without_a_name(const client &mc)
{
    mc.create_movie(R"({"title":"Nameless","imdb":{"rating":9.9},"genres":["A genre of some length",)"
                    R"("Another one, longer than any small string"],"cast":["Somebody"],"countries":["Chile"],)"
                    R"("languages":["Spanish","Aymara"]})");
    auto found = mc.get_movie_by_title("Nameless");
    std::string all;
    for (auto genre : (*mc.get_movie(found->id())).genres())
        all += genre;
    CHECK(all == "A genre of some lengthAnother one, longer than any small string");
    all.clear();
    for (const auto &name : mc.get_movie(found->id()).value.cast())
        all += name;
    CHECK(all == "Somebody");
    CHECK(found->countries().at(0) == "Chile" && found->languages().size() == 2 && found->languages()[1] == "Aymara");
    for (auto &row : *mc.top_movies(1))
        all += row.movie.title();
    for (const auto &row : mc.top_movies(1).value)
        all += row.movie.title();
    CHECK(all == "SomebodyNamelessNameless");
    auto genres = movie(*mc.get_movie(found->id())).genres();
    CHECK(genres.size() == 2 && genres[0] == "A genre of some length");
    auto &&kept = *mc.get_movie(found->id());
    CHECK(kept.title() == "Nameless");
    for (char c : *mc.get_or_load("nameless", [](auto, auto) { return std::string("a text that is not short at all"); }))
        all += c;
    CHECK(all.size() == 24 + 31);
    auto set = options().set("movies.ttl_ms", "60000").load_env();
    CHECK(set.get() != nullptr);
    CHECK(mc.delete_movie(found->id()));
}

static void writes(const client &mc)
{
    movie made = mc.create_movie(R"({"title":"Made","imdb":{"rating":4.5}})");
    std::string id(made.id());
    CHECK(made.json().find("\"title\":\"Made\"") != std::string_view::npos);
    CHECK((*mc.update_rating(id, 9.5)).rating() == 9.5);
    CHECK((*mc.update_rating_by_title("Made", 9.4)).rating() == 9.4);
    auto changed = mc.update_movie(id, R"({"plot":"new"})");
    CHECK(changed->plot() == "new");
    CHECK(!mc.update_movie("573a1390f29313caabcd48ff", R"({"plot":"new"})"));
    CHECK(thrown([&] { mc.update_rating(id, 10.5); }) == MC_E_RANGE);
    auto top = mc.top_movies(2);
    CHECK(top.value.size() == 2 && top.value[0].movie.title() == "Made" && top.value[0].score == 9.4 &&
          top.value[1].rank == 1);
    auto rank = mc.rank_movie(id);
    CHECK(rank && rank->first == 0 && rank->second == 9.4);
    CHECK(!mc.rank_movie("573a1390f29313caabcd48ff"));
    CHECK(mc.record_view(id) == 1 && mc.record_view(id) == 2);
    CHECK(mc.trending(5).value.at(0).score == 2);
    mc.invalidate(id);
    mc.invalidate_title("Made");
    mc.invalidate_all();
    CHECK(mc.delete_movie(id) && !mc.delete_movie(id));
    mc.check_movie(R"({"_id":{"$oid":"573a1390f29313caabcd48ff"},"title":"t"})");
    CHECK(thrown([&] { mc.check_movie(R"({"title":"no id"})"); }) == MC_E_ARG);
    CHECK(thrown([&] { mc.check_theater("[1]"); }) == MC_E_JSON);
    CHECK(thrown([&] { mc.top_movies(-1); }) == MC_E_RANGE);
}

static void the_rest(client &mc, fixture &f)
{
    memstore_put(
        &f.mem, "theaters", "59a47286cfa9a3a73e51e701",
        R"({"_id":{"$oid":"59a47286cfa9a3a73e51e701"},"theaterId":7,"location":{"address":{"street1":"s","city":"c",)"
        R"("state":"MN","zipcode":"1"},"geo":{"type":"Point","coordinates":[10.0,50.0]}}})");
    auto near = mc.nearby_theaters(10, 50.1, 50000, 3);
    CHECK(near.value.size() == 1 && near.value[0].theater.city() == "c" && near.value[0].distance_m > 10000);
    auto there = mc.get_theater("59a47286cfa9a3a73e51e701");
    CHECK(there && there->number() == 7 && there->state() == "MN" && there->street2().empty() &&
          there->location()->first == 10.0);
    mc.put("status", std::string_view("a\0b", 3));
    CHECK(mc.get("status") == std::string("a\0b", 3) && mc.remove("status") && !mc.remove("status") && !mc.get("status"));
    CHECK(mc.warm() > 0);
    CHECK(thrown([&] { mc.warm(MC_WARM_ALL, 0, [](const mc_progress &) { return false; }); }) == MC_E_ABORT);
    bool own = false;
    try {
        mc.warm(MC_WARM_ALL, 0, [](const mc_progress &) -> bool { throw std::runtime_error("mine"); });
    } catch (const std::runtime_error &e) {
        own = std::string(e.what()) == "mine";
    }
    CHECK(own);
    int lines = 0;
    mc.set_log([&](int, std::string_view) { lines++; }, MC_LOG_DEBUG);
    srv_kill(&f.redis);
    CHECK(mc.get_movie(ID1).found);
    CHECK(lines > 0);
    CHECK(thrown([&] { mc.ping(); }) == MC_E_CACHE);
    srv_start_again(&f.redis);
    mc.set_log({});
    for (int i = 0; i < 500 && thrown([&] { mc.ping(); }) != MC_OK; i++)
        fixture_sleep_ms(5);
    CHECK(mc.stats().reads > 0 && mc.metrics().find("# TYPE") != std::string::npos);
    CHECK(mc.inspect(ID1).find("\"kind\":\"movie\"") != std::string::npos);
    CHECK(thrown([&] { mc.inspect("", MC_INSPECT_KEY); }) == MC_E_ARG);
    std::vector<finding> seen = mc.check();
    CHECK(!seen.empty() && seen[0].code == "redis.reachable" && seen[0].severity == MC_SEVERITY_FINE &&
          !seen[0].text.empty());
    seen = check(options().set("cache.uri", "redis://127.0.0.1:1/0").set("store.uri", "sqlite::memory:"));
    CHECK(!seen.empty() && seen[0].severity == MC_SEVERITY_ERROR && !seen[0].advice.empty());
    client other(std::move(mc));
    CHECK(thrown([&] { mc.get_movie(ID1); }) == MC_E_ARG); /* moved away */
    CHECK(other.get_movie(ID1).found);
    mc = std::move(other);
    CHECK(mc.get_movie(ID1).found);
}

static void tiers(const client &mc)
{
    int calls = 0;
    client::load_fn load = [&](std::string_view key, std::int64_t ms) -> std::optional<std::string> {
        calls++;
        CHECK(key == "k" && ms > 0);
        return std::string("v\0w", 3);
    };
    auto miss = mc.get_or_load("k", load, 60000);
    auto hit = mc.get_or_load("k", load, 60000);
    CHECK(miss && !miss.hit() && hit && hit.hit() && *hit == std::string("v\0w", 3) && calls == 1);
    CHECK(!mc.get_or_load("none", [](auto, auto) { return std::nullopt; }) && !mc.get_or_load("nobody", {}));
    CHECK(thrown([&] {
              mc.get_or_load("bad", [](auto, auto) -> std::optional<std::string> { throw error(MC_E_STORE, "away"); });
          }) == MC_E_STORE);
    try {
        mc.get_or_load("bad", [](auto, auto) -> std::optional<std::string> { throw std::runtime_error("boo"); });
        CHECK(false);
    } catch (const std::runtime_error &e) {
        CHECK(std::string(e.what()) == "boo");
    }
    auto many = mc.get_many_or_load({"k", "new", "k"}, [](auto key, auto) { return std::string(key); });
    CHECK(many.size() == 3 && many[0].info.cache == MC_CACHE_HIT && many[1].value == "new" && many[2].status == MC_OK);
    CHECK(mc.get_many_or_load({}, {}).empty() && mc.get_many_or_load({"nobody"}, {})[0].status == MC_NOT_FOUND);
    mc.put_many({{"a", "1"}, {"b", ""}});
    CHECK(mc.get("a") == "1" && mc.get("b") == "" && thrown([&] { mc.put_many({}); }) == MC_E_RANGE);
    CHECK(thrown([&] { mc.put_many({{std::string("a\0", 2), "1"}}); }) == MC_E_ARG);
    CHECK(!mc.load_snapshot());
    mc.save_snapshot({{"a", "1"}, {"file", "only"}});
    CHECK(mc.load_snapshot() == std::size_t(2));
    auto old = mc.get_or_load("file", {});
    CHECK(old && old.stale() && *old == "only" && old.info.tier == MC_TIER_SNAPSHOT);
    mc.set_clock(4102444800000);
    CHECK(mc.get_or_load("k", load) && calls == 2);
    mc.set_clock(0);
    CHECK(thrown([&] { mc.set_clock(-1); }) == MC_E_RANGE);
}

static void sessions(const client &mc, const client &other)
{
    client past = mc.session_open("read.tiers=store");
    auto seen = past.get_movie(ID1);
    CHECK(seen && seen.info.tier == MC_TIER_STORE && seen.info.redis_round_trips == 0);
    CHECK(thrown([&] { (void)mc.session_open("cache.prefix=x:"); }) == MC_E_OPTION);
    client there = other.session_open();
    (void)past.update_rating(ID1, 6.5);
    there.session_accept(past.session_token());
    auto after = there.get_movie(ID1);
    CHECK(after && after->rating() == 6.5);
    CHECK(thrown([&] { there.session_accept("canary"); }) == MC_E_ARG);
    CHECK(thrown([&] { (void)mc.session_token(); }) == MC_E_ARG);
}

int main()
{
    fixture f;
    fixture_start(&f, nullptr);
    fixture_reset(&f);
    {
        mc_store table = memstore_table(&f.mem);
        options o;
        o.set("cache.uri", f.redis.uri).set("movies.ttl_ms", "60000");
        CHECK(thrown([&] { o.set("no.such", "1"); }) == MC_E_OPTION);
        CHECK(thrown([&] { o.load_file("/nowhere"); }) == MC_E_FILE);
        client mc(o, table);
        reads(mc);
        without_a_name(mc);
        writes(mc);
        the_rest(mc, f);
        sessions(mc, client(o, table));
        const std::string path = std::string(f.redis.dir) + "/snapshot.json";
        o.set("snapshot.path", path);
        tiers(client(o, table));
    }
    fixture_stop(&f);
    std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
