<?php
// SPDX-License-Identifier: Apache-2.0
/*
 * libmflixcache for PHP 8.1 and later, by FFI: one class for a handle, one for what went wrong. Documents come as arrays; "not found" is null,
 * never an exception. How the last call was answered (tier, hit or miss, age) is in $cache->info.
 *
 *     $cache = Mflix\Cache::open(['store.uri' => 'mongodb://...']);
 *     $movie = $cache->movie('573a1394f29313caabcdfa00');          // ['id' => ..., 'title' => 'Rear Window', ...]
 *     $json = $cache->getOrLoad('price_list', fn (string $key, int $ms) => make_prices(), 60_000);
 *
 * The library is found by the dynamic linker, or named by MFLIXCACHE_LIBRARY. In the command line FFI works as it is; under PHP-FPM it is
 * allowed in preloaded files: docs/languages.md. The interface in mflixcache.h is generated from the C headers.
 */
declare(strict_types=1);

namespace Mflix;

use FFI;
use FFI\CData;

/** A call failed: the status by its name in C ("MC_E_STORE"), where it came from, and whether the same call may succeed later. */
class Exception extends \RuntimeException
{
    public function __construct(string $text, public readonly string $status, int $code, public readonly string $tier, public readonly bool $retriable)
    {
        parent::__construct($text, $code);
    }
}

/** What was given is not allowed: nothing was sent. */
class ArgumentException extends Exception
{
}

/** Redis, the database or a file could not be used, or not in time. */
class BackendException extends Exception
{
}

final class Cache
{
    private static ?FFI $ffi = null;

    /** @var array{tier: string, cache: string, flags: list<string>, round_trips: int, store_calls: int, age_ms: int, stale_bound_ms: int} of the last call */
    public array $info = [];

    private ?CData $handle;
    private int $pid;
    private CData $infoRecord;
    private CData $error;
    private CData $callbacks;
    /** @var ?callable(string, int): ?string */
    private $loader = null;
    private ?\Throwable $thrown = null;

    private const FLAGS = ['STALE', 'FILLED', 'NEGATIVE', 'SHARED', 'REDIS_DOWN', 'QUARANTINED', 'CORRUPT', 'QUEUED', 'REFUSED'];
    private const OUTCOMES = ['none', 'hit', 'miss', 'bypass'];

    /** The C functions, for what this class has no method for. Under FPM preloaded as the scope "MFLIXCACHE". */
    public static function ffi(): FFI
    {
        if (self::$ffi === null) {
            try {
                self::$ffi = FFI::scope('MFLIXCACHE');
            } catch (FFI\Exception) {
                self::$ffi = FFI::cdef(self::interface(), getenv('MFLIXCACHE_LIBRARY') ?: 'libmflixcache.so.1');
            }
        }
        return self::$ffi;
    }

    private static function interface(): string
    {
        return file_get_contents(__DIR__ . '/mflixcache.h') . "\ntypedef struct mflix_php { mc_load_fn load; } mflix_php;\n";
    }

    /** In a file named by opcache.preload: makes FFI usable in FPM's workers. */
    public static function preload(string $library = 'libmflixcache.so.1'): void
    {
        $file = tempnam(sys_get_temp_dir(), 'mflixcache');
        file_put_contents($file, "#define FFI_SCOPE \"MFLIXCACHE\"\n#define FFI_LIB \"$library\"\n" . self::interface());
        FFI::load($file);
        unlink($file);
    }

    /**
     * @param array<string, string|int|bool> $options  by the names of docs/options.md
     * @param bool $env  first take what the environment says (REDIS_HOST, MONGO_URL, MFLIXCACHE_*)
     */
    public static function open(array $options = [], bool $env = false): self
    {
        $ffi = self::ffi();
        $error = $ffi->new('mc_error');
        $o = $ffi->mc_options_new();
        if ($o === null) {
            throw new Exception('no memory for options', 'MC_E_NOMEM', $ffi->MC_E_NOMEM, 'none', false);
        }
        try {
            if ($env) {
                self::check($ffi->mc_options_load_env($o, FFI::addr($error)), $error);
            }
            foreach ($options as $key => $value) {
                $text = is_bool($value) ? ($value ? 'true' : 'false') : (string) $value;
                self::check($ffi->mc_options_set($o, $key, $text, FFI::addr($error)), $error);
            }
            $out = $ffi->new('mc_client *');
            self::check($ffi->mc_open($o, FFI::addr($out), FFI::addr($error)), $error);
            return new self($out);
        } finally {
            $ffi->mc_options_free($o);
        }
    }

    private function __construct(CData $handle)
    {
        $ffi = self::ffi();
        $this->handle = $handle;
        $this->pid = getmypid();
        $this->infoRecord = $ffi->new('mc_info');
        $this->error = $ffi->new('mc_error');
        $this->callbacks = $ffi->new('mflix_php');
        // Made once: PHP frees callbacks when the request ends, not before.
        $weak = \WeakReference::create($this);
        $this->callbacks->load = static fn ($user, $key, $ms, $sink) => $weak->get()->load($key, $ms, $sink);
    }

    public function __destruct()
    {
        $this->close();
    }

    public function __clone()
    {
        throw new \LogicException('a handle cannot be cloned: open another');
    }

    public function close(): void
    {
        if ($this->handle !== null && $this->pid === getmypid()) { // of a fork's child it is the parent's
            self::ffi()->mc_close($this->handle);
        }
        $this->handle = null;
    }

    /* ---- documents ---- */

    /** @return ?array<string, mixed> */
    public function movie(string $id): ?array
    {
        return $this->one('mc_get_movie', $id);
    }

    /** @return ?array<string, mixed> */
    public function movieByTitle(string $title): ?array
    {
        return $this->one('mc_get_movie_by_title', $title);
    }

    /** The whole document, as Extended JSON. */
    public function movieDocument(string $id): ?string
    {
        $out = self::ffi()->new('const mc_movie *');
        if (!$this->call('mc_get_movie_document', $id, FFI::addr($out))) {
            return null;
        }
        $bytes = self::ffi()->new('mc_bytes');
        self::ffi()->mc_movie_json($out, FFI::addr($bytes));
        $json = FFI::string(FFI::cast('char *', $bytes->data), $bytes->size);
        self::ffi()->mc_movie_unref($out);
        return $json;
    }

    /** @return array<string, mixed>  the document as it is now */
    public function createMovie(string $json): array
    {
        return $this->one('mc_create_movie', $json, strlen($json));
    }

    /** @return ?array<string, mixed> */
    public function updateMovie(string $id, string $patch): ?array
    {
        return $this->one('mc_update_movie', $id, $patch, strlen($patch));
    }

    /** @return ?array<string, mixed> */
    public function updateRating(string $id, float $rating): ?array
    {
        return $this->one('mc_update_rating', $id, $rating);
    }

    /** False: there was none. */
    public function deleteMovie(string $id): bool
    {
        return $this->call('mc_delete_movie', $id);
    }

    public function invalidate(string $id): void
    {
        $this->call('mc_invalidate', $id);
    }

    /** @param list<string> $documents  @return list<int> a status for each */
    public function importMovies(array $documents): array
    {
        return $this->import('mc_import_movies', $documents);
    }

    /** @param list<string> $documents  @return list<int> */
    public function importTheaters(array $documents): array
    {
        return $this->import('mc_import_theaters', $documents);
    }

    /* ---- lists ---- */

    /** @return list<array<string, mixed>>  with 'rank' (from 0) and 'score' */
    public function topMovies(int $count = 10, int $offset = 0): array
    {
        return $this->rows('mc_top_movies', $offset, $count);
    }

    /** @return list<array<string, mixed>>  with 'views' */
    public function trending(int $count = 5): array
    {
        return $this->rows('mc_trending', $count);
    }

    /** The count with this view; null: no such movie. */
    public function recordView(string $id): ?int
    {
        $views = self::ffi()->new('int64_t');
        return $this->call('mc_record_view', $id, FFI::addr($views)) ? $views->cdata : null;
    }

    /** Longitude first. @return list<array<string, mixed>>  theaters with 'distance_m' */
    public function nearbyTheaters(float $lon, float $lat, int $count = 10, float $radiusM = 50_000.0): array
    {
        return $this->rows('mc_nearby_theaters', $lon, $lat, $radiusM, $count);
    }

    /* ---- any value by key ---- */

    /** @param int $ttlMs  0: kv.ttl_ms */
    public function put(string $key, string $value, int $ttlMs = 0): void
    {
        $this->call('mc_put', $key, $value, strlen($value), $ttlMs);
    }

    /** From Redis alone. */
    public function get(string $key): ?string
    {
        $out = self::ffi()->new('char *');
        $size = self::ffi()->new('size_t');
        return $this->call('mc_get', $key, FFI::addr($out), FFI::addr($size)) ? self::taken($out, $size->cdata) : null;
    }

    public function remove(string $key): bool
    {
        return $this->call('mc_remove', $key);
    }

    /**
     * Redis, the snapshot file, the loader, in the order of read.tiers; one load for all that ask.
     *
     * @param ?callable(string, int): ?string $loader  of the key and the milliseconds left; null: there is none. What it throws comes out here.
     */
    public function getOrLoad(string $key, ?callable $loader = null, int $ttlMs = 0): ?string
    {
        $out = self::ffi()->new('char *');
        $size = self::ffi()->new('size_t');
        [$this->loader, $this->thrown] = [$loader, null];
        try {
            $fn = $loader !== null ? $this->callbacks->load : null;
            $there = $this->call('mc_get_or_load', $key, $ttlMs, $fn, null, FFI::addr($out), FFI::addr($size));
            return $there ? self::taken($out, $size->cdata) : null;
        } catch (Exception $e) {
            throw $this->thrown ?? $e;
        } finally {
            $this->loader = $this->thrown = null;
        }
    }

    /** @param array<string, string> $entries */
    public function putMany(array $entries, int $ttlMs = 0): void
    {
        [$array, $keep] = self::entries($entries);
        $this->call('mc_put_many', $array, count($entries), $ttlMs, null);
    }

    /** @param array<string, string> $entries */
    public function saveSnapshot(array $entries): void
    {
        [$array, $keep] = self::entries($entries);
        self::check(self::ffi()->mc_save_snapshot($this->handle(), $array, count($entries), FFI::addr($this->error)), $this->error);
    }

    /* ---- inside ---- */

    private function handle(): CData
    {
        return $this->handle ?? throw new ArgumentException('the handle is closed', 'MC_E_CLOSED', self::ffi()->MC_E_CLOSED, 'none', false);
    }

    /** Calls a function that ends with info and error. True: MC_OK, false: MC_NOT_FOUND. */
    private function call(string $function, mixed ...$arguments): bool
    {
        $status = self::ffi()->$function($this->handle(), ...[...$arguments, FFI::addr($this->infoRecord), FFI::addr($this->error)]);
        $i = $this->infoRecord;
        $flags = array_filter(self::FLAGS, fn (int $bit) => $i->flags & 1 << $bit, ARRAY_FILTER_USE_KEY);
        $this->info = ['tier' => self::ffi()->mc_tier_name($i->tier), 'cache' => self::OUTCOMES[$i->cache] ?? '?', 'flags' => array_values($flags),
            'round_trips' => $i->redis_round_trips, 'store_calls' => $i->store_calls, 'age_ms' => $i->age_ms, 'stale_bound_ms' => $i->stale_bound_ms];
        return self::check($status, $this->error) === 0;
    }

    private static function check(int $status, CData $error): int
    {
        if ($status >= 0) {
            return $status;
        }
        $ffi = self::ffi();
        $text = FFI::string($error->text);
        $class = $status > $ffi->MC_E_FILE ? ArgumentException::class : BackendException::class;
        throw new $class($text !== '' ? $text : $ffi->mc_status_text($status), $ffi->mc_status_name($status), $status, $ffi->mc_tier_name($error->tier),
            $error->retriable !== 0);
    }

    /** @return ?array<string, mixed> */
    private function one(string $function, mixed ...$arguments): ?array
    {
        $out = self::ffi()->new('const mc_movie *');
        if (!$this->call($function, ...[...$arguments, FFI::addr($out)])) {
            return null;
        }
        $movie = self::fields($out);
        self::ffi()->mc_movie_unref($out);
        return $movie;
    }

    /** @return list<array<string, mixed>> */
    private function rows(string $function, mixed ...$arguments): array
    {
        $ffi = self::ffi();
        $list = $ffi->new('mc_list *');
        $this->call($function, ...[...$arguments, FFI::addr($list)]);
        $rows = [];
        for ($i = 0, $n = $ffi->mc_list_size($list); $i < $n; $i++) {
            $theater = $ffi->mc_list_theater($list, $i);
            $rows[] = $theater !== null
                ? self::place($theater) + ['distance_m' => $ffi->mc_list_distance_m($list, $i)]
                : self::fields($ffi->mc_list_movie($list, $i))
                    + ['rank' => $ffi->mc_list_rank($list, $i), 'score' => $ffi->mc_list_score($list, $i), 'views' => $ffi->mc_list_views($list, $i)];
        }
        $ffi->mc_list_free($list);
        return $rows;
    }

    /** @return array<string, mixed> */
    private static function fields(?CData $m): array
    {
        $ffi = self::ffi();
        $movie = [];
        foreach (['id', 'title', 'plot', 'poster', 'rated', 'type'] as $name) {
            $movie[$name] = $ffi->{"mc_movie_$name"}($m);
        }
        foreach (['year' => 'int', 'runtime' => 'int', 'rating' => 'double', 'votes' => 'int64_t', 'imdb_id' => 'int64_t', 'released' => 'int64_t'] as $name => $type) {
            $out = $ffi->new($type);
            $movie[$name] = $ffi->{"mc_movie_$name"}($m, FFI::addr($out)) === 0 ? $out->cdata : null;
        }
        foreach (['genres' => 'genre', 'directors' => 'director', 'cast' => 'cast', 'countries' => 'country', 'languages' => 'language'] as $name => $of) {
            $movie[$name] = [];
            for ($i = 0, $n = $ffi->{"mc_movie_{$of}_count"}($m); $i < $n; $i++) {
                $movie[$name][] = $ffi->{"mc_movie_$of"}($m, $i);
            }
        }
        return $movie;
    }

    /** @return array<string, mixed> */
    private static function place(CData $t): array
    {
        $ffi = self::ffi();
        $place = [];
        foreach (['id', 'street1', 'street2', 'city', 'state', 'zipcode'] as $name) {
            $place[$name] = $ffi->{"mc_theater_$name"}($t);
        }
        [$number, $lon, $lat] = [$ffi->new('int64_t'), $ffi->new('double'), $ffi->new('double')];
        $place['number'] = $ffi->mc_theater_number($t, FFI::addr($number)) === 0 ? $number->cdata : null;
        $located = $ffi->mc_theater_location($t, FFI::addr($lon), FFI::addr($lat)) === 0;
        return $place + ['lon' => $located ? $lon->cdata : null, 'lat' => $located ? $lat->cdata : null];
    }

    /** What the library handed over, as a string of ours. */
    private static function taken(CData $p, int $size): string
    {
        $text = FFI::string($p, $size);
        self::ffi()->mc_free($p);
        return $text;
    }

    /** Bytes with a NUL behind them, outside of PHP's strings. */
    private static function bytes(string $text): CData
    {
        $n = strlen($text);
        $p = self::ffi()->new('char[' . ($n + 1) . ']');
        FFI::memcpy($p, $text, $n);
        return $p;
    }

    /** An array of mc_entry, and what has to stay alive with it. */
    private static function entries(array $entries): array
    {
        $array = self::ffi()->new('mc_entry[' . max(1, count($entries)) . ']');
        $keep = [];
        $i = 0;
        foreach ($entries as $key => $value) {
            if (str_contains((string) $key, "\0")) {
                throw new ArgumentException('key holds a NUL byte', 'MC_E_ARG', self::ffi()->MC_E_ARG, 'none', false);
            }
            $keep[] = [$k = self::bytes((string) $key), $v = self::bytes($value)];
            $array[$i]->key = FFI::cast('char *', $k);
            $array[$i]->value = FFI::cast('char *', $v);
            $array[$i++]->size = strlen($value);
        }
        return [$array, $keep];
    }

    /** @param list<string> $documents  @return list<int> */
    private function import(string $function, array $documents): array
    {
        $n = count($documents);
        [$texts, $sizes, $statuses] = [self::ffi()->new("char *[$n]"), self::ffi()->new("size_t[$n]"), self::ffi()->new("mc_status[$n]")];
        $keep = [];
        foreach (array_values($documents) as $i => $json) {
            $keep[] = $bytes = self::bytes($json);
            $texts[$i] = FFI::cast('char *', $bytes);
            $sizes[$i] = strlen($json);
        }
        self::check(self::ffi()->$function($this->handle(), FFI::cast('char **', $texts), $sizes, $n, 1, $statuses, FFI::addr($this->error)), $this->error);
        return array_map(fn (int $i) => $statuses[$i], range(0, $n - 1));
    }

    /** The C library asks for a value. Nothing may be thrown through it: getOrLoad() throws it behind. */
    private function load(string $key, int $ms, CData $sink): int
    {
        $ffi = self::ffi();
        try {
            $value = ($this->loader)($key, $ms);
            return $value === null ? $ffi->MC_NOT_FOUND : $ffi->mc_value_sink_set($sink, $value, strlen($value));
        } catch (\Throwable $e) {
            $this->thrown = $e;
            return $ffi->MC_E_ABORT;
        }
    }
}
