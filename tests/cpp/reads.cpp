/* SPDX-License-Identifier: Apache-2.0 */
/* The C++ side of overhead.py: the same reads. reads PORT ID COUNT */
#include <mflixcache/mflixcache.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    mflixcache::options o;
    o.set("cache.uri", "redis://127.0.0.1:" + std::string(argv[1]) + "/0");
    mflixcache::client mc(o);
    double sum = 0;
    for (int i = 0; i < std::atoi(argv[3]); i++) {
        auto m = mc.get_movie(argv[2]);
        sum += m->rating().value_or(0);
    }
    std::printf("%.1f\n", sum);
}
