/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mflixcache.hpp
 * A thin C++17 layer over the C functions: handles that close themselves, errors as exceptions, texts as std::string_view.
 *
 * Header only; it adds no state and calls nothing but the C functions, so the ABI is theirs. A read answers with
 * `answer<T>`: false when there is no such document (not an exception), and the mc_info of the call. Everything negative throws
 * `mflixcache::error`. Objects may be used as their C counterparts: a `client` by any number of threads, the others by one at
 * a time, a `movie` or `theater` by anybody once it is there.
 */
#ifndef MFLIXCACHE_HPP
#define MFLIXCACHE_HPP

#include <mflixcache/documents.hpp>
#include <mflixcache/mflixcache.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mflixcache
{

/** Settings; see mc_options. */
class options
{
  public:
    options() : o_(mc_options_new())
    {
        if (o_ == nullptr)
            throw error(MC_E_NOMEM, "no memory for options");
    }
    /** Set one; chains. On a temporary the options themselves come back, not a reference: auto o = options().set(...). */
    options &set(std::string_view key, std::string_view value) &
    {
        mc_error err;
        detail::check(mc_options_set(o_.get(), detail::c_text(key, "key"), detail::c_text(value, "value"), &err), err);
        return *this;
    }
    options set(std::string_view key, std::string_view value) &&
    {
        return std::move(set(key, value));
    }
    /** Who knows the password of cache.tls_key_file; see mc_options_set_key_password(). */
    options &set_key_password(mc_password_fn fn, void *user) &
    {
        mc_error err;
        detail::check(mc_options_set_key_password(o_.get(), fn, user, &err), err);
        return *this;
    }
    options set_key_password(mc_password_fn fn, void *user) &&
    {
        return std::move(set_key_password(fn, user));
    }
    options &load_env() &
    {
        mc_error err;
        detail::check(mc_options_load_env(o_.get(), &err), err);
        return *this;
    }
    options load_env() &&
    {
        return std::move(load_env());
    }
    options &load_file(const std::string &path) &
    {
        mc_error err;
        detail::check(mc_options_load_file(o_.get(), path.c_str(), &err), err);
        return *this;
    }
    options load_file(const std::string &path) &&
    {
        return std::move(load_file(path));
    }
    /** The C object, lent. */
    const mc_options *get() const &noexcept
    {
        return o_.get();
    }
    const mc_options *get() const && = delete;

  private:
    struct deleter {
        void operator()(mc_options *o) const noexcept
        {
            mc_options_free(o);
        }
    };
    std::unique_ptr<mc_options, deleter> o_;
};

/** One finding of a check; see check.h. */
struct finding {
    int severity; /**< one of mc_severity */
    std::string code, text, advice;
};

namespace detail
{
inline std::vector<finding> findings(mc_findings *f)
{
    std::unique_ptr<mc_findings, void (*)(mc_findings *)> owner(f, mc_findings_free);
    std::vector<finding> out;
    for (std::size_t i = 0; i < mc_findings_size(f); i++)
        out.push_back(
            {mc_findings_severity(f, i), mc_findings_code(f, i), mc_findings_text(f, i), mc_findings_advice(f, i)});
    return out;
}
} // namespace detail

/** As client::check(), without a client: tells also why opening one fails. */
inline std::vector<finding> check(const options &o)
{
    mc_findings *f = nullptr;
    mc_error err;
    detail::check(mc_options_check(o.get(), &f, &err), err);
    return detail::findings(f);
}

/** An open cache. Movable, not copyable; closes itself. */
class client
{
  public:
    using log_fn = std::function<void(int level, std::string_view text)>;
    /** Gives the value of a key, or nothing when the source knows that there is none. */
    using load_fn = std::function<std::optional<std::string>(std::string_view key, std::int64_t deadline_ms)>;
    /** Keys and values. */
    using entries = std::vector<std::pair<std::string, std::string>>;

    /** Open with defaults. */
    client()
    {
        mc_error err;
        detail::check(mc_open(nullptr, &mc_, &err), err);
    }
    explicit client(const options &o)
    {
        mc_error err;
        detail::check(mc_open(o.get(), &mc_, &err), err);
    }
    /** Open over callbacks; they and their user pointer outlive the client. */
    client(const options &o, const mc_store &store)
    {
        mc_error err;
        detail::check(mc_open_with_store(o.get(), &store, &mc_, &err), err);
    }
    client(client &&other) noexcept : mc_(std::exchange(other.mc_, nullptr)), log_(std::move(other.log_))
    {
    }
    client &operator=(client &&other) noexcept
    {
        std::swap(mc_, other.mc_);
        std::swap(log_, other.log_);
        return *this;
    }
    ~client()
    {
        (void)mc_close(mc_);
    }
    /** A session: a client that shares everything with this one and has call settings ("call.timeout_ms=50 read.max_age_ms=0") and a
     * read-your-writes record of its own. When this client goes first, its calls throw MC_E_CLOSED. */
    client session_open(std::string_view settings = {}) const
    {
        mc_client *s = nullptr;
        mc_error err;
        detail::check(mc_session_open(mc_, detail::c_text(settings, "settings"), &s, &err), err);
        return client(s);
    }
    /** What this session has written and read, for session_accept() of a session elsewhere. */
    std::string session_token() const
    {
        char *p = nullptr;
        mc_error err;
        detail::check(mc_session_token(mc_, &p, &err), err);
        std::unique_ptr<char, void (*)(void *)> owner(p, mc_free);
        return p;
    }
    /** Let this session read at least as new as the session that the token is of. */
    void session_accept(std::string_view token) const
    {
        mc_error err;
        detail::check(mc_session_accept(mc_, detail::c_text(token, "token"), &err), err);
    }
    /** The C handle, for what this layer does not wrap. */
    mc_client *get() const &noexcept
    {
        return mc_;
    }
    mc_client *get() const && = delete;

    answer<movie> get_movie(std::string_view id) const
    {
        return read(mc_get_movie, detail::c_text(id, "id"));
    }
    answer<movie> get_movie_document(std::string_view id) const
    {
        return read(mc_get_movie_document, detail::c_text(id, "id"));
    }
    answer<movie> get_movie_by_title(std::string_view title) const
    {
        return read(mc_get_movie_by_title, detail::c_text(title, "title"));
    }
    /** A batch, in the caller's order; items have their own status. Any range of things a string_view can be made of. */
    template <class Range> std::vector<batch_item> get_movies(const Range &ids) const
    {
        std::vector<std::string> texts;
        for (const auto &id : ids)
            texts.emplace_back(std::string_view(id));
        std::vector<const char *> p;
        for (const auto &t : texts)
            p.push_back(t.c_str());
        std::vector<const mc_movie *> out(p.size());
        std::vector<mc_status> st(p.size());
        std::vector<mc_info> infos(p.size());
        mc_error err;
        detail::check(mc_get_movies(mc_, p.data(), p.size(), out.data(), st.data(), infos.data(), &err), err);
        std::vector<batch_item> items;
        items.reserve(p.size());
        for (std::size_t i = 0; i < p.size(); i++)
            items.push_back({movie(out[i]), st[i], infos[i]});
        return items;
    }

    movie create_movie(std::string_view json) const
    {
        const mc_movie *m = nullptr;
        mc_error err;
        detail::check(mc_create_movie(mc_, json.data(), json.size(), &m, nullptr, &err), err);
        return movie(m);
    }
    /** The movie after the change; false when there is none. */
    answer<movie> update_movie(std::string_view id, std::string_view patch) const
    {
        const mc_movie *m = nullptr;
        answer<movie> a;
        mc_error err;
        mc_status st = mc_update_movie(mc_, detail::c_text(id, "id"), patch.data(), patch.size(), &m, &a.info, &err);
        return finish(std::move(a), st, err, m);
    }
    answer<movie> update_rating(std::string_view id, double rating) const
    {
        const mc_movie *m = nullptr;
        answer<movie> a;
        mc_error err;
        mc_status st = mc_update_rating(mc_, detail::c_text(id, "id"), rating, &m, &a.info, &err);
        return finish(std::move(a), st, err, m);
    }
    answer<movie> update_rating_by_title(std::string_view title, double rating) const
    {
        const mc_movie *m = nullptr;
        answer<movie> a;
        mc_error err;
        mc_status st = mc_update_rating_by_title(mc_, detail::c_text(title, "title"), rating, &m, &a.info, &err);
        return finish(std::move(a), st, err, m);
    }
    /** Whether there was one. */
    bool delete_movie(std::string_view id) const
    {
        mc_error err;
        return detail::check(mc_delete_movie(mc_, detail::c_text(id, "id"), nullptr, &err), err) == MC_OK;
    }

    answer<std::vector<ranked>> top_movies(std::int64_t count, std::int64_t offset = 0) const
    {
        return board([&](mc_list **list, mc_info *info, mc_error *err) {
            return mc_top_movies(mc_, offset, count, list, info, err);
        });
    }
    answer<std::vector<ranked>> trending(std::int64_t count) const
    {
        return board([&](mc_list **list, mc_info *info, mc_error *err) { return mc_trending(mc_, count, list, info, err); });
    }
    /** Place from 0 and rating, if it is on the board. */
    std::optional<std::pair<std::int64_t, double>> rank_movie(std::string_view id) const
    {
        std::int64_t rank = 0;
        double rating = 0;
        mc_error err;
        if (detail::check(mc_rank_movie(mc_, detail::c_text(id, "id"), &rank, &rating, nullptr, &err), err) != MC_OK)
            return std::nullopt;
        return std::make_pair(rank, rating);
    }
    /** The count after it. */
    std::int64_t record_view(std::string_view id) const
    {
        std::int64_t views = 0;
        mc_error err;
        detail::check(mc_record_view(mc_, detail::c_text(id, "id"), &views, nullptr, &err), err);
        return views;
    }

    answer<theater> get_theater(std::string_view id) const
    {
        const mc_theater *t = nullptr;
        answer<theater> a;
        mc_error err;
        a.found = detail::check(mc_get_theater(mc_, detail::c_text(id, "id"), &t, &a.info, &err), err) == MC_OK;
        a.value = theater(t);
        return a;
    }
    answer<std::vector<nearby>> nearby_theaters(double lon, double lat, double radius_m, std::int64_t count) const
    {
        mc_list *list = nullptr;
        answer<std::vector<nearby>> a;
        mc_error err;
        detail::check(mc_nearby_theaters(mc_, lon, lat, radius_m, count, &list, &a.info, &err), err);
        std::unique_ptr<mc_list, void (*)(mc_list *)> owner(list, mc_list_free);
        a.value.reserve(mc_list_size(list));
        for (std::size_t i = 0; i < mc_list_size(list); i++) {
            nearby row{theater(mc_theater_ref(mc_list_theater(list, i))), mc_list_distance_m(list, i), 0, 0};
            mc_list_location(list, i, &row.lon, &row.lat);
            a.value.push_back(std::move(row));
        }
        a.found = true;
        return a;
    }

    void invalidate(std::string_view id) const
    {
        mc_error err;
        detail::check(mc_invalidate(mc_, detail::c_text(id, "id"), nullptr, &err), err);
    }
    void invalidate_title(std::string_view title) const
    {
        mc_error err;
        detail::check(mc_invalidate_title(mc_, detail::c_text(title, "title"), nullptr, &err), err);
    }
    void invalidate_all() const
    {
        mc_error err;
        detail::check(mc_invalidate_all(mc_, nullptr, &err), err);
    }

    /** ttl_ms 0: the option kv.ttl_ms. */
    void put(std::string_view key, std::string_view value, std::int64_t ttl_ms = 0) const
    {
        mc_error err;
        detail::check(mc_put(mc_, detail::c_text(key, "key"), value.data(), value.size(), ttl_ms, nullptr, &err), err);
    }
    std::optional<std::string> get(std::string_view key) const
    {
        char *p = nullptr;
        std::size_t n = 0;
        mc_error err;
        if (detail::check(mc_get(mc_, detail::c_text(key, "key"), &p, &n, nullptr, &err), err) != MC_OK)
            return std::nullopt;
        std::unique_ptr<char, void (*)(void *)> owner(p, mc_free);
        return std::string(p, n);
    }
    /** Whether it was set. */
    bool remove(std::string_view key) const
    {
        mc_error err;
        return detail::check(mc_remove(mc_, detail::c_text(key, "key"), nullptr, &err), err) == MC_OK;
    }

    /**
     * A value through the tiers of read.tiers. `load` may be empty. An `error` it throws is its answer, and the next tier is
     * asked; any other exception comes out of this call.
     */
    answer<std::string> get_or_load(std::string_view key, const load_fn &load, std::int64_t ttl_ms = 0) const
    {
        char *p = nullptr;
        std::size_t n = 0;
        answer<std::string> a;
        mc_error err;
        load_call call{&load, nullptr};
        mc_status st =
            mc_get_or_load(mc_, detail::c_text(key, "key"), ttl_ms, load ? on_load : nullptr, &call, &p, &n, &a.info, &err);
        std::unique_ptr<char, void (*)(void *)> owner(p, mc_free);
        if (call.thrown)
            std::rethrow_exception(call.thrown);
        a.found = detail::check(st, err) == MC_OK;
        if (a.found)
            a.value.assign(p, n);
        return a;
    }
    /** What became of one key of a batch. */
    struct loaded_value {
        std::string value; /**< empty unless MC_OK */
        mc_status status;  /**< MC_OK, MC_NOT_FOUND, or why it could not be read */
        mc_info info;
    };
    /** At most 1,000 keys, those in Redis by one exchange; `load` as for get_or_load(). */
    std::vector<loaded_value> get_many_or_load(const std::vector<std::string> &keys, const load_fn &load,
                                               std::int64_t ttl_ms = 0) const
    {
        std::vector<const char *> names;
        for (const auto &key : keys) {
            if (key.find('\0') != std::string::npos)
                throw error(MC_E_ARG, "key holds a NUL byte");
            names.push_back(key.c_str());
        }
        const std::size_t n = names.size();
        std::vector<char *> out(n);
        std::vector<std::size_t> sizes(n);
        std::vector<mc_status> st(n);
        std::vector<mc_info> infos(n);
        mc_error err;
        load_call call{&load, nullptr};
        mc_status whole = mc_get_many_or_load(mc_, names.data(), n, ttl_ms, load ? on_load : nullptr, &call, out.data(),
                                              sizes.data(), st.data(), infos.data(), &err);
        std::vector<loaded_value> all;
        std::vector<std::unique_ptr<char, void (*)(void *)>> owners;
        owners.reserve(n);
        for (char *p : out)
            owners.emplace_back(p, mc_free);
        if (call.thrown)
            std::rethrow_exception(call.thrown);
        detail::check(whole, err);
        all.reserve(n);
        for (std::size_t i = 0; i < n; i++)
            all.push_back({out[i] ? std::string(out[i], sizes[i]) : std::string(), st[i], infos[i]});
        return all;
    }
    /** At most 1,000 in one exchange. */
    void put_many(const entries &all, std::int64_t ttl_ms = 0) const
    {
        mc_error err;
        auto array = c_entries(all);
        detail::check(mc_put_many(mc_, array.data(), array.size(), ttl_ms, nullptr, nullptr, &err), err);
    }
    void save_snapshot(const entries &all) const
    {
        mc_error err;
        auto array = c_entries(all);
        detail::check(mc_save_snapshot(mc_, array.data(), array.size(), &err), err);
    }
    /** Read and check the file now: the number of entries, or nothing when there is no file. */
    std::optional<std::size_t> load_snapshot() const
    {
        std::size_t n = 0;
        mc_error err;
        if (detail::check(mc_load_snapshot(mc_, &n, nullptr, &err), err) != MC_OK)
            return std::nullopt;
        return n;
    }
    /** For tests: milliseconds since 1970 that are now, until the next call; 0: Redis' clock again. */
    void set_clock(std::int64_t now_ms) const
    {
        mc_status st = mc_set_clock(mc_, now_ms);
        if (st < 0)
            throw error(st, mc_status_text(st));
    }

    /** Documents put into Redis. `progress` may be empty; returning false stops, which throws MC_E_ABORT. */
    std::int64_t warm(unsigned what = MC_WARM_ALL, std::int64_t limit = 0,
                      const std::function<bool(const mc_progress &)> &progress = {}) const
    {
        std::int64_t loaded = 0;
        mc_error err;
        progress_call call{&progress, nullptr};
        mc_status st = mc_warm(mc_, what, limit, progress ? on_progress : nullptr, &call, &loaded, &err);
        if (call.thrown) /* an exception may not cross the C frames: it stopped the call, and goes on here */
            std::rethrow_exception(call.thrown);
        detail::check(st, err);
        return loaded;
    }
    /** Throws what an import would refuse this document with; no server is asked. */
    void check_movie(std::string_view json) const
    {
        mc_error err;
        detail::check(mc_check_movie(mc_, json.data(), json.size(), &err), err);
    }
    void check_theater(std::string_view json) const
    {
        mc_error err;
        detail::check(mc_check_theater(mc_, json.data(), json.size(), &err), err);
    }
    void prepare_store() const
    {
        mc_error err;
        detail::check(mc_prepare_store(mc_, &err), err);
    }
    /** Throws unless Redis and the store both answer. */
    void ping() const
    {
        mc_error err;
        detail::check(mc_ping(mc_, nullptr, nullptr, &err), err);
    }
    /** Looks at both ends (mc_check()): what was found, and what to do. */
    std::vector<finding> check() const
    {
        mc_findings *f = nullptr;
        mc_error err;
        detail::check(mc_check(mc_, &f, &err), err);
        return detail::findings(f);
    }
    /** What the cache holds for an id, title or key (mc_inspect()): one JSON object. `what` is one of mc_inspected. */
    std::string inspect(const std::string &name, int what = MC_INSPECT_MOVIE) const
    {
        char *p = nullptr;
        mc_error err;
        detail::check(mc_inspect(mc_, what, name.c_str(), &p, &err), err);
        std::unique_ptr<char, void (*)(void *)> owner(p, mc_free);
        return p;
    }
    mc_stats stats() const
    {
        mc_stats s{};
        mc_status st = mc_get_stats(mc_, &s);
        if (st < 0)
            throw error(st, mc_status_text(st));
        return s;
    }
    /** Prometheus' text format. */
    std::string metrics() const
    {
        char *p = nullptr;
        mc_error err;
        detail::check(mc_metrics_prometheus(mc_, &p, &err), err);
        std::unique_ptr<char, void (*)(void *)> owner(p, mc_free);
        return p;
    }
    /** Where log lines go; an empty function: nowhere. An exception in it ends the program. */
    void set_log(log_fn fn, int level = MC_LOG_INFO)
    {
        auto next = std::make_unique<log_fn>(std::move(fn));
        mc_status st = mc_set_log(mc_, *next ? on_log : nullptr, level, next.get());
        if (st < 0)
            throw error(st, mc_status_text(st));
        log_ = std::move(next); /* the old one is not called any more */
    }

  private:
    explicit client(mc_client *mc) noexcept : mc_(mc)
    {
    }
    static answer<movie> finish(answer<movie> &&a, mc_status st, const mc_error &err, const mc_movie *m)
    {
        a.found = detail::check(st, err) == MC_OK;
        a.value = movie(m);
        return std::move(a);
    }
    answer<movie> read(mc_status (*call)(mc_client *, const char *, const mc_movie **, mc_info *, mc_error *),
                       const char *key) const
    {
        const mc_movie *m = nullptr;
        answer<movie> a;
        mc_error err;
        a.found = detail::check(call(mc_, key, &m, &a.info, &err), err) == MC_OK;
        a.value = movie(m);
        return a;
    }
    template <class Call> answer<std::vector<ranked>> board(Call call) const
    {
        mc_list *list = nullptr;
        answer<std::vector<ranked>> a;
        mc_error err;
        detail::check(call(&list, &a.info, &err), err);
        std::unique_ptr<mc_list, void (*)(mc_list *)> owner(list, mc_list_free);
        a.value.reserve(mc_list_size(list));
        for (std::size_t i = 0; i < mc_list_size(list); i++)
            a.value.push_back({movie(mc_movie_ref(mc_list_movie(list, i))), mc_list_score(list, i), mc_list_rank(list, i)});
        a.found = true;
        return a;
    }
    struct progress_call {
        const std::function<bool(const mc_progress &)> *fn;
        std::exception_ptr thrown;
    };
    struct load_call {
        const load_fn *fn;
        std::exception_ptr thrown;
    };
    static std::vector<mc_entry> c_entries(const entries &all)
    {
        std::vector<mc_entry> array;
        array.reserve(all.size());
        for (const auto &[key, value] : all) {
            if (key.find('\0') != std::string::npos)
                throw error(MC_E_ARG, "key holds a NUL byte");
            array.push_back({key.c_str(), value.data(), value.size()});
        }
        return array;
    }
    static mc_status on_load(void *user, const char *key, std::int64_t deadline_ms, mc_value_sink *sink) noexcept
    {
        auto *call = static_cast<load_call *>(user);
        try {
            std::optional<std::string> value = (*call->fn)(key, deadline_ms);
            return value ? mc_value_sink_set(sink, value->data(), value->size()) : MC_NOT_FOUND;
        } catch (const error &e) {
            return e.code();
        } catch (...) {
            call->thrown = std::current_exception();
            return MC_E_ABORT;
        }
    }
    static void on_log(int level, const char *text, void *user) noexcept
    {
        (*static_cast<log_fn *>(user))(level, text);
    }
    static int on_progress(const mc_progress *p, void *user) noexcept
    {
        auto *call = static_cast<progress_call *>(user);
        try {
            return (*call->fn)(*p) ? 0 : 1;
        } catch (...) {
            call->thrown = std::current_exception();
            return 1;
        }
    }

    mc_client *mc_ = nullptr;
    std::unique_ptr<log_fn> log_;
};

} // namespace mflixcache

#endif /* MFLIXCACHE_HPP */
