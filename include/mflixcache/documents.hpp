/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file documents.hpp
 * What the C++17 layer hands out: errors as exceptions, movies, theaters, rows, answers. Included by mflixcache.hpp.
 *
 * Texts are views into a document. Only an object that has a name hands them out; on a temporary the same call gives an owning
 * result or does not compile, so that no view outlives what it looks into for want of a variable.
 */
#ifndef MFLIXCACHE_DOCUMENTS_HPP
#define MFLIXCACHE_DOCUMENTS_HPP

#include <mflixcache/mflixcache.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mflixcache
{

/** What a failed call left in its mc_error. */
class error : public std::exception
{
  public:
    /** Take over the record of a call that returned `status`. */
    error(mc_status status, const mc_error &record) : record_(record)
    {
        record_.code = status;
    }
    /** An error found by this layer itself. */
    error(mc_status status, const char *text) : record_()
    {
        record_.code = status;
        std::strncpy(record_.text, text, sizeof record_.text - 1);
    }
    /** The text, one line. */
    const char *what() const noexcept override
    {
        return record_.text[0] != '\0' ? record_.text : mc_status_text(record_.code);
    }
    /** The status, such as MC_E_RANGE. */
    mc_status code() const noexcept
    {
        return record_.code;
    }
    /** Name of the status. */
    const char *name() const noexcept
    {
        return mc_status_name(record_.code);
    }
    /** An mc_tier: where it came from. */
    int tier() const noexcept
    {
        return record_.tier;
    }
    /** errno, or the database's own code. */
    int backend_code() const noexcept
    {
        return record_.backend_code;
    }
    /** Whether the same call may succeed later. */
    bool retriable() const noexcept
    {
        return record_.retriable != 0;
    }

  private:
    mc_error record_;
};

namespace detail
{

/** Throw unless the status is an outcome. */
inline mc_status check(mc_status status, const mc_error &record)
{
    if (status < 0)
        throw error(status, record);
    return status;
}

/** A NUL-terminated copy of a view: on the stack for ids and most titles. */
class c_text
{
  public:
    explicit c_text(std::string_view text, const char *name)
    {
        if (text.find('\0') != std::string_view::npos)
            throw error(MC_E_ARG, (std::string(name) + " holds a NUL byte").c_str());
        if (text.size() < sizeof small_) {
            if (!text.empty())
                std::memcpy(small_, text.data(), text.size());
            small_[text.size()] = '\0';
            text_ = small_;
        } else {
            large_.assign(text);
            text_ = large_.c_str();
        }
    }
    c_text(const c_text &) = delete;
    c_text &operator=(const c_text &) = delete;
    operator const char *() const noexcept
    {
        return text_;
    }

  private:
    char small_[128];
    std::string large_;
    const char *text_;
};

inline std::string_view view(const char *text) noexcept
{
    return text != nullptr ? std::string_view(text) : std::string_view();
}

} // namespace detail

/**
 * A movie, or nothing. Copies share it. Views it hands out live as long as any copy; a movie without a name (the result of a
 * call, used at once) hands out none: its texts do not compile, its lists own their texts.
 */
class movie
{
  public:
    movie() noexcept = default;
    /** Take over one reference. */
    explicit movie(const mc_movie *taken) noexcept : p_(taken)
    {
    }
    movie(const movie &other) noexcept : p_(mc_movie_ref(other.p_))
    {
    }
    movie(movie &&other) noexcept : p_(std::exchange(other.p_, nullptr))
    {
    }
    movie &operator=(movie other) noexcept
    {
        std::swap(p_, other.p_);
        return *this;
    }
    ~movie()
    {
        mc_movie_unref(p_);
    }
    explicit operator bool() const noexcept
    {
        return p_ != nullptr;
    }
    /** The C object, lent. */
    const mc_movie *get() const &noexcept
    {
        return p_;
    }
    const mc_movie *get() const && = delete;
    std::string_view id() const &noexcept
    {
        return detail::view(mc_movie_id(p_));
    }
    std::string_view id() const && = delete;
    /** Empty when missing, as all texts here. */
    std::string_view title() const &noexcept
    {
        return detail::view(mc_movie_title(p_));
    }
    std::string_view title() const && = delete;
    std::string_view plot() const &noexcept
    {
        return detail::view(mc_movie_plot(p_));
    }
    std::string_view plot() const && = delete;
    std::string_view poster() const &noexcept
    {
        return detail::view(mc_movie_poster(p_));
    }
    std::string_view poster() const && = delete;
    std::string_view rated() const &noexcept
    {
        return detail::view(mc_movie_rated(p_));
    }
    std::string_view rated() const && = delete;
    std::string_view type() const &noexcept
    {
        return detail::view(mc_movie_type(p_));
    }
    std::string_view type() const && = delete;
    /** The year as the document has it, such as "1981è". */
    std::string year_text() const
    {
        char buf[64];
        (void)mc_movie_year_text(p_, buf, sizeof buf);
        return buf;
    }
    std::optional<int> year() const noexcept
    {
        int v = 0;
        return mc_movie_year(p_, &v) == MC_OK ? std::optional<int>(v) : std::nullopt;
    }
    /** Minutes. */
    std::optional<int> runtime() const noexcept
    {
        int v = 0;
        return mc_movie_runtime(p_, &v) == MC_OK ? std::optional<int>(v) : std::nullopt;
    }
    std::optional<double> rating() const noexcept
    {
        double v = 0;
        return mc_movie_rating(p_, &v) == MC_OK ? std::optional<double>(v) : std::nullopt;
    }
    std::optional<std::int64_t> votes() const noexcept
    {
        std::int64_t v = 0;
        return mc_movie_votes(p_, &v) == MC_OK ? std::optional<std::int64_t>(v) : std::nullopt;
    }
    /** The number at IMDb. */
    std::optional<std::int64_t> imdb_id() const noexcept
    {
        std::int64_t v = 0;
        return mc_movie_imdb_id(p_, &v) == MC_OK ? std::optional<std::int64_t>(v) : std::nullopt;
    }
    /** Milliseconds since 1970, negative before. */
    std::optional<std::int64_t> released() const noexcept
    {
        std::int64_t v = 0;
        return mc_movie_released(p_, &v) == MC_OK ? std::optional<std::int64_t>(v) : std::nullopt;
    }
    std::vector<std::string_view> genres() const &
    {
        return list<std::string_view>(mc_movie_genre_count, mc_movie_genre);
    }
    std::vector<std::string> genres() const &&
    {
        return list<std::string>(mc_movie_genre_count, mc_movie_genre);
    }
    std::vector<std::string_view> directors() const &
    {
        return list<std::string_view>(mc_movie_director_count, mc_movie_director);
    }
    std::vector<std::string> directors() const &&
    {
        return list<std::string>(mc_movie_director_count, mc_movie_director);
    }
    std::vector<std::string_view> cast() const &
    {
        return list<std::string_view>(mc_movie_cast_count, mc_movie_cast);
    }
    std::vector<std::string> cast() const &&
    {
        return list<std::string>(mc_movie_cast_count, mc_movie_cast);
    }
    std::vector<std::string_view> countries() const &
    {
        return list<std::string_view>(mc_movie_country_count, mc_movie_country);
    }
    std::vector<std::string> countries() const &&
    {
        return list<std::string>(mc_movie_country_count, mc_movie_country);
    }
    std::vector<std::string_view> languages() const &
    {
        return list<std::string_view>(mc_movie_language_count, mc_movie_language);
    }
    std::vector<std::string> languages() const &&
    {
        return list<std::string>(mc_movie_language_count, mc_movie_language);
    }
    /** The whole document; empty when it was read without. */
    std::string_view json() const &noexcept
    {
        mc_bytes b{};
        return mc_movie_json(p_, &b) == MC_OK ? std::string_view(b.data, b.size) : std::string_view();
    }
    std::string_view json() const && = delete;

  private:
    template <class Text>
    std::vector<Text> list(std::size_t (*count)(const mc_movie *), const char *(*item)(const mc_movie *, std::size_t)) const
    {
        std::vector<Text> out;
        std::size_t n = count(p_);
        out.reserve(n);
        for (std::size_t i = 0; i < n; i++)
            out.emplace_back(detail::view(item(p_, i)));
        return out;
    }
    const mc_movie *p_ = nullptr;
};

/** A theater, or nothing; its texts are views as a movie's are. */
class theater
{
  public:
    theater() noexcept = default;
    /** Take over one reference. */
    explicit theater(const mc_theater *taken) noexcept : p_(taken)
    {
    }
    theater(const theater &other) noexcept : p_(mc_theater_ref(other.p_))
    {
    }
    theater(theater &&other) noexcept : p_(std::exchange(other.p_, nullptr))
    {
    }
    theater &operator=(theater other) noexcept
    {
        std::swap(p_, other.p_);
        return *this;
    }
    ~theater()
    {
        mc_theater_unref(p_);
    }
    explicit operator bool() const noexcept
    {
        return p_ != nullptr;
    }
    const mc_theater *get() const &noexcept
    {
        return p_;
    }
    const mc_theater *get() const && = delete;
    std::string_view id() const &noexcept
    {
        return detail::view(mc_theater_id(p_));
    }
    std::string_view id() const && = delete;
    std::optional<std::int64_t> number() const noexcept
    {
        std::int64_t v = 0;
        return mc_theater_number(p_, &v) == MC_OK ? std::optional<std::int64_t>(v) : std::nullopt;
    }
    std::string_view street1() const &noexcept
    {
        return detail::view(mc_theater_street1(p_));
    }
    std::string_view street1() const && = delete;
    std::string_view street2() const &noexcept
    {
        return detail::view(mc_theater_street2(p_));
    }
    std::string_view street2() const && = delete;
    std::string_view city() const &noexcept
    {
        return detail::view(mc_theater_city(p_));
    }
    std::string_view city() const && = delete;
    std::string_view state() const &noexcept
    {
        return detail::view(mc_theater_state(p_));
    }
    std::string_view state() const && = delete;
    std::string_view zipcode() const &noexcept
    {
        return detail::view(mc_theater_zipcode(p_));
    }
    std::string_view zipcode() const && = delete;
    /** Longitude and latitude. */
    std::optional<std::pair<double, double>> location() const noexcept
    {
        double lon = 0;
        double lat = 0;
        if (mc_theater_location(p_, &lon, &lat) != MC_OK)
            return std::nullopt;
        return std::make_pair(lon, lat);
    }

  private:
    const mc_theater *p_ = nullptr;
};

/** What a read gave, and how it came about. */
template <class T> struct answer {
    T value{};      /**< empty when not found */
    mc_info info{}; /**< tier, age, round trips */
    bool found = false;

    explicit operator bool() const noexcept
    {
        return found;
    }
    const T &operator*() const &noexcept
    {
        return value;
    }
    /** Of an answer without a name: the value itself, not a reference into what is about to go. */
    T operator*() &&
    {
        return std::move(value);
    }
    T operator*() const &&
    {
        return value;
    }
    const T *operator->() const &noexcept
    {
        return &value;
    }
    const T *operator->() const && = delete; /* name the answer first: auto a = ...; a->title() */
    /** Whether the cache answered. */
    bool hit() const noexcept
    {
        return info.cache == MC_CACHE_HIT;
    }
    bool stale() const noexcept
    {
        return (info.flags & MC_FLAG_STALE) != 0;
    }
};

/** A row of a board. */
struct ranked {
    mflixcache::movie movie;
    double score = 0;
    std::int64_t rank = 0;
};

/** A theater near a point. */
struct nearby {
    mflixcache::theater theater;
    double distance_m = 0;
    double lon = 0;
    double lat = 0;
};

/** One item of a batch: its own status. */
struct batch_item {
    mflixcache::movie movie;
    mc_status status = MC_OK;
    mc_info info{};
};

} // namespace mflixcache

#endif /* MFLIXCACHE_DOCUMENTS_HPP */
