# SPDX-License-Identifier: Apache-2.0
# Homebrew formula. `url` and `sha256` are those of a release archive, set by who publishes one: none is published yet.
class Mflixcache < Formula
  desc "MongoDB documents cached in Redis, never older than an acknowledged write"
  homepage "https://libmflixcache.invalid/"
  url "https://libmflixcache.invalid/mflixcache-0.1.0.tar.gz"
  version "0.1.0"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "c-ares"
  depends_on "hiredis"
  depends_on "jansson"
  depends_on "mongo-c-driver"
  depends_on "openssl@3"
  depends_on "sqlite"
  uses_from_macos "curl"
  uses_from_macos "zlib"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DMFLIXCACHE_BUILD_TESTS=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/mflix --version")
    (testpath/"films.ndjson").write "{\"_id\":{\"$oid\":\"573a1394f29313caabcdfa00\"},\"title\":\"Alone\"}\n"
    system bin/"mflix", "--redis", "memory:", "--store", "sqlite:films.db", "load", "films.ndjson"
  end
end
