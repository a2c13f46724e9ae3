# SPDX-License-Identifier: Apache-2.0
# mflix-server, mflix and the producer on Debian 12, for amd64 and arm64. docker build -t mflix . && docker run --rm -p 127.0.0.1:8080:8080 -e MONGO_URL=... mflix
# tests/deploy checks each step against the tree and against what the programs need; docs/guide/containers.md says what was tried.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates cmake gcc libc-ares-dev libc6-dev libcurl4-openssl-dev libhiredis-dev libjansson-dev libmicrohttpd-dev libmongoc-dev \
        libsqlite3-dev libssl-dev ninja-build pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json CHANGELOG.md LICENSE README.md /src/
COPY bindings /src/bindings
COPY cmake /src/cmake
COPY docs /src/docs
COPY examples /src/examples
COPY include /src/include
COPY lib /src/lib
COPY pkgconfig /src/pkgconfig
COPY tools /src/tools
WORKDIR /src
RUN cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr/local -DMFLIXCACHE_BUILD_TESTS=OFF \
    && cmake --build build \
    && DESTDIR=/image cmake --install build --strip \
    && install -s -m 755 build/examples/server/mflix-server build/examples/producer/mflix-producer /image/usr/local/bin/ \
    && rm -rf /image/usr/local/include /image/usr/local/share/man

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libbson-1.0-0 libc-ares2 libcurl4 libhiredis0.14 libjansson4 libmicrohttpd12 libmongoc-1.0-0 libsqlite3-0 libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mflix
COPY --from=build /image/ /
RUN ldconfig
USER 10001
ENV MONGOC_DISABLE_SHM=1
EXPOSE 8080
# Behind a port mapping the request's Host is localhost; other names by --allow-host.
ENTRYPOINT ["mflix-server"]
CMD ["--listen", "0.0.0.0:8080"]
