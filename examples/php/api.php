<?php
// SPDX-License-Identifier: Apache-2.0
/*
 * The API of a device dashboard in plain PHP, beside the producers in C and Python: a device's day from Redis, else from the
 * snapshot file, else from the database, and put into Redis for 60 s by whoever had to go further.
 *
 *   GET  /api/devices/{device}/{date}    the day as JSON; the header X-Answered-By says redis, file or database
 *   PUT  /api/devices/{device}/{date}    write a day to Redis: the newest value for readers in every language
 *
 * Needs php-redis and php-sqlite3, and of the producer values.raw_keys = true and snapshot.format = plain, so that both sides
 * mean the same keys and the same file. Settings from the environment: REDIS_HOST, REDIS_PORT, MFLIXCACHE_SNAPSHOT_PATH,
 * READINGS_DB. To be tried with:  php -S 127.0.0.1:8000 examples/php/api.php
 */
declare(strict_types=1);

const TTL_S = 60;
const REDIS_TIMEOUT_S = 0.25;

/** A connection, or null: then the next tier has to answer. One for each request; under FPM use pconnect(). */
function redis(): ?Redis
{
    $redis = new Redis();
    try {
        $ok = $redis->connect(getenv('REDIS_HOST') ?: '127.0.0.1', (int) (getenv('REDIS_PORT') ?: 6379), REDIS_TIMEOUT_S, null, 0, REDIS_TIMEOUT_S);
        return $ok ? $redis : null;
    } catch (RedisException) {
        return null;
    }
}

function from_redis(?Redis $redis, string $key): ?string
{
    try {
        $value = $redis?->get($key);
        return is_string($value) ? $value : null;
    } catch (RedisException) {
        return null;
    }
}

/**
 * The producer's file, written by a rename and so never half a file. Decoded and encoded again it is the same JSON, if not the same
 * bytes (21.00 becomes 21.0).
 */
function from_file(string $key): ?string
{
    $text = @file_get_contents(getenv('MFLIXCACHE_SNAPSHOT_PATH') ?: 'snapshot.json');
    $days = $text === false ? null : json_decode($text, true);
    return isset($days[$key]) ? json_encode($days[$key], JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) : null;
}

/** The day as the database has it now; null: no reading that day. Throws PDOException when it is away. */
function from_database(string $device, string $date): ?string
{
    $path = getenv('READINGS_DB') ?: 'readings.db';
    if (!is_file($path)) { // SQLite would make an empty one
        throw new PDOException("$path is not there");
    }
    $db = new PDO("sqlite:$path", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 2]);
    $query = $db->prepare(
        'SELECT count(*) AS n, min(temperature_c) AS t0, avg(temperature_c) AS t, max(temperature_c) AS t1,'
        . ' min(humidity_pct) AS h0, avg(humidity_pct) AS h, max(humidity_pct) AS h1'
        . " FROM readings WHERE device = :device AND time >= :date AND time < :date || 'U'"
    );
    $query->execute(['device' => $device, 'date' => $date]);
    $r = $query->fetch(PDO::FETCH_ASSOC);
    if ((int) $r['n'] === 0) {
        return null;
    }
    return sprintf(
        '{"device":"%s","date":"%s","readings":%d,"temperature_c":{"min":%.1F,"mean":%.2F,"max":%.1F},"humidity_pct":{"min":%.1F,"mean":%.2F,"max":%.1F}}',
        $device, $date, $r['n'], $r['t0'], $r['t'], $r['t1'], $r['h0'], $r['h'], $r['h1']
    );
}

/** For 60 s, unless another has put something there by now: that is as new or newer. */
function fill(?Redis $redis, string $key, string $value): void
{
    try {
        $redis?->set($key, $value, ['nx', 'ex' => TTL_S]);
    } catch (RedisException) {
        // the answer is there all the same
    }
}

function answer(int $status, string $json, string $tier = ''): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    if ($tier !== '') {
        header("X-Answered-By: $tier");
    }
    echo $json;
}

function problem(int $status, string $detail): void
{
    answer($status, json_encode(['status' => $status, 'detail' => $detail]));
}

function get(string $key, string $device, string $date): void
{
    $redis = redis();
    $value = from_redis($redis, $key);
    if ($value !== null) {
        answer(200, $value, 'redis');
        return;
    }
    $value = from_file($key);
    $tier = 'file';
    if ($value === null) {
        try {
            $value = from_database($device, $date);
            $tier = 'database';
        } catch (PDOException) {
            problem(503, 'neither Redis nor the file nor the database has answered');
            return;
        }
    }
    if ($value === null) {
        problem(404, 'there is no such day');
        return;
    }
    fill($redis, $key, $value);
    answer(200, $value, $tier);
}

function put(string $key): void
{
    $value = file_get_contents('php://input', false, null, 0, 65536);
    if (!is_array(json_decode($value, true))) {
        problem(400, 'the body must be a JSON object');
        return;
    }
    try {
        $redis = redis();
        if ($redis === null || !$redis->set($key, $value, ['ex' => TTL_S])) {
            problem(503, 'Redis is away');
            return;
        }
    } catch (RedisException) {
        problem(503, 'Redis is away');
        return;
    }
    http_response_code(204);
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '';
if (!preg_match('#^/api/devices/([A-Za-z0-9_.-]{1,64})/(\d{4}-\d\d-\d\d)$#', $path, $part)) {
    problem(404, 'there is /api/devices/{device}/{date}');
} elseif ($_SERVER['REQUEST_METHOD'] === 'PUT') {
    put("processed_data:$part[1]:$part[2]");
} elseif ($_SERVER['REQUEST_METHOD'] === 'GET') {
    get("processed_data:$part[1]:$part[2]", $part[1], $part[2]);
} else {
    header('Allow: GET, PUT');
    problem(405, 'GET or PUT');
}
