/* SPDX-License-Identifier: Apache-2.0 */
/* First read in C++: handles close themselves, errors are exceptions, "not found" is false. */
#include <mflixcache/mflixcache.hpp>

#include <iostream>

int main()
{
    constexpr const char *id = "573a1393f29313caabcdc810";
    constexpr const char *json = R"({"_id":{"$oid":"573a1393f29313caabcdc810"},"title":"Casablanca","year":1942,)"
                                 R"("genres":["Drama","Romance"],"imdb":{"rating":8.6}})";
    try {
        mflixcache::client cache(mflixcache::options().load_env());
        cache.delete_movie(id);
        cache.create_movie(json);
        cache.invalidate(id);
        for (int i = 0; i < 2; i++) {
            auto movie = cache.get_movie(id);
            std::cout << movie->title() << " (" << movie->year().value_or(0) << "): " << (movie.hit() ? "hit" : "miss")
                      << '\n';
        }
        for (const auto &genre : (*cache.get_movie(id)).genres()) /* of a temporary: strings of its own */
            std::cout << genre << ' ';
        std::cout << '\n' << (cache.get_movie("573a1393f29313caabcdc8ff") ? "there" : "no such movie") << '\n';
        cache.update_rating(id, 11.0);
    } catch (const mflixcache::error &e) {
        std::cout << e.name() << ": " << e.what() << '\n';
        return e.code() == MC_E_RANGE ? 0 : 1;
    }
}
