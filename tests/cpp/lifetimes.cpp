/* SPDX-License-Identifier: Apache-2.0 */
/* What must not compile: views and pointers into objects that have no name. lifetimes.py compiles this as it is, which must
   work, and with REFUSED, where the compiler must refuse each line that says so. */
#include <mflixcache/mflixcache.hpp>

using namespace mflixcache;

void cases(const client &mc, const options &o);
void cases(const client &mc, const options &o)
{
    auto answer = mc.get_movie("a");
    auto title = answer->title();
    auto whole = (*answer).json();
    for (auto genre : answer->genres())
        title = genre;
    for (const auto &genre : (*mc.get_movie("a")).genres())
        title = genre;
    const movie copy = *mc.get_movie("a");
    title = copy.title();
    (void)whole, (void)o.get(), (void)mc.get(), (void)copy.get();
#ifdef REFUSED
    {
        for (auto genre : mc.get_movie("a")->genres()) /* refused */
            title = genre;
    }
    {
        auto text = mc.get_movie("a")->title(); /* refused */
    }
    {
        auto text = (*mc.get_movie("a")).title(); /* refused */
    }
    {
        auto text = mc.get_movie_document("a").value.json(); /* refused */
    }
    {
        auto text = mc.create_movie("{}").id(); /* refused */
    }
    {
        const mc_movie *p = mc.create_movie("{}").get(); /* refused */
    }
    {
        auto city = mc.get_theater("a")->city(); /* refused */
    }
    {
        auto city = (*mc.get_theater("a")).city(); /* refused */
    }
    {
        const mc_theater *p = (*mc.get_theater("a")).get(); /* refused */
    }
    {
        for (const auto &row : *mc.top_movies(3).operator->()) /* refused */
            title = row.movie.title();
    }
    {
        const mc_options *p = options().get(); /* refused */
    }
    {
        mc_client *p = client().get(); /* refused */
    }
    {
        auto text = static_cast<const movie &&>(copy).plot(); /* refused */
    }
#endif
}
