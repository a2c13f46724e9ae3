<?php
// SPDX-License-Identifier: Apache-2.0
/* run.php REDIS_URI: the PHP package against the library just built: documents, lists, places, values, loaders, errors. */
declare(strict_types=1);

require __DIR__ . '/../MflixCache.php';

use Mflix\ArgumentException;
use Mflix\BackendException;
use Mflix\Cache;

$passed = $failed = 0;
function check(bool $ok, string $what): void
{
    global $passed, $failed;
    $ok ? $passed++ : $failed++;
    if (!$ok) {
        echo "FAILED $what\n";
    }
}

/** The exception of that class that a call ends with. */
function thrown(string $class, callable $call): ?Throwable
{
    try {
        $call();
    } catch (Throwable $e) {
        if ($e instanceof $class) {
            return $e;
        }
        echo get_class($e), ': ', $e->getMessage(), "\n";
    }
    return null;
}

const ID = '573a1393f29313caabcdc810';
const OTHER = '573a1394f29313caabcdfa00';

function everything(Cache $mc, string $hit): void
{
    $mc->importMovies([
        '{"_id":{"$oid":"' . ID . '"},"title":"Casablanca","year":1942,"genres":["Drama","War"],"imdb":{"rating":8.6,"votes":100}}',
        '{"_id":{"$oid":"' . OTHER . '"},"title":"Rear Window","year":1954,"imdb":{"rating":8.5}}',
    ]);
    $movie = $mc->movie(ID);
    check($movie['title'] === 'Casablanca' && $movie['year'] === 1942 && $movie['genres'] === ['Drama', 'War'], 'fields');
    check($movie['rating'] === 8.6 && $movie['votes'] === 100 && $movie['plot'] === null && $movie['runtime'] === null, 'missing is null');
    check($mc->info['cache'] === 'miss' && in_array('FILLED', $mc->info['flags'], true), 'miss: ' . json_encode($mc->info));
    $mc->movie(ID);
    check($mc->info['cache'] === 'hit' && $mc->info['tier'] === $hit, 'hit: ' . json_encode($mc->info));
    check($mc->movie('000000000000000000000000') === null, 'not found is null');
    check($mc->movieByTitle('Rear Window')['id'] === OTHER, 'by title');
    check(json_decode($mc->movieDocument(ID), true)['title'] === 'Casablanca', 'document');
    check($mc->updateRating(OTHER, 9.9)['rating'] === 9.9, 'rating');
    check(array_column($mc->topMovies(2), 'title') === ['Rear Window', 'Casablanca'], 'top');
    check($mc->topMovies(1)[0]['rank'] === 0 && $mc->topMovies(1)[0]['score'] === 9.9, 'rank and score: ' . json_encode($mc->topMovies(1)));
    check($mc->updateMovie(ID, '{"year":1943}')['year'] === 1943 && $mc->movie(ID)['year'] === 1943, 'update');
    check($mc->recordView(ID) === 1 && $mc->recordView(ID) === 2 && $mc->trending(1)[0]['views'] === 2, 'views');
    $made = $mc->createMovie('{"title":"Tampopo"}');
    check($made['title'] === 'Tampopo' && $mc->deleteMovie($made['id']) && !$mc->deleteMovie($made['id']), 'create, delete');
    $mc->importTheaters(['{"_id":{"$oid":"59a47286cfa9a3a73e51e72c"},"theaterId":1000,"location":{"address":{"city":"Bloomington","state":"MN"},'
        . '"geo":{"type":"Point","coordinates":[-93.24565,44.85466]}}}']);
    $near = $mc->nearbyTheaters(-93.25, 44.85, 5);
    check(count($near) === 1 && $near[0]['city'] === 'Bloomington' && $near[0]['number'] === 1000 && abs($near[0]['distance_m'] - 620) < 50, 'near');
    check($mc->nearbyTheaters(0.0, 0.0) === [], 'nothing near');

    $mc->put('status', "bytes \0 and more", 60000);
    check($mc->get('status') === "bytes \0 and more" && $mc->remove('status') && $mc->get('status') === null, 'put, get, remove');
    $loads = 0;
    $loader = function (string $key, int $ms) use (&$loads): ?string {
        $loads++;
        return $key === 'none' ? null : "$key, loaded";
    };
    for ($i = 0; $i < 50; $i++) {
        check($mc->getOrLoad('price_list', $loader, 60000) === 'price_list, loaded', 'getOrLoad');
    }
    check($loads === 1 && $mc->info['cache'] === 'hit', 'one load');
    check($mc->getOrLoad('none', $loader) === null && $mc->getOrLoad('none', $loader) === null && $loads === 2, 'there is none');
    check($mc->getOrLoad('nobody') === null, 'no loader');
    $e = thrown(DomainException::class, fn () => $mc->getOrLoad('bad', fn () => throw new DomainException('mine')));
    check($e?->getMessage() === 'mine', 'what a loader throws comes out');
    $e = thrown(ArgumentException::class, fn () => $mc->getOrLoad('again', fn () => $mc->get('x')));
    check($e?->status === 'MC_E_REENTRANT', 'a loader may not call its own handle');
    $mc->putMany(['a' => '1', 'b' => '2'], 60000);
    check($mc->get('a') === '1' && $mc->get('b') === '2', 'putMany');
    $mc->saveSnapshot(['from_file' => '{"x":1}']);
    check($mc->getOrLoad('from_file') === '{"x":1}' && $mc->info['tier'] === 'snapshot' && in_array('STALE', $mc->info['flags'], true), 'snapshot');
    $e = thrown(ArgumentException::class, fn () => $mc->updateRating(ID, 11.0));
    check($e?->status === 'MC_E_RANGE' && str_contains($e->getMessage(), 'rating') && !$e->retriable, 'out of range');
    check(thrown(ArgumentException::class, fn () => $mc->movie('x')) !== null, 'bad id');
    thrown(LogicException::class, fn () => clone $mc) !== null ?: check(false, 'clone');
    $mc->close();
    $mc->close();
    check(thrown(ArgumentException::class, fn () => $mc->get('a'))?->status === 'MC_E_CLOSED', 'closed');
}

$file = tempnam(sys_get_temp_dir(), 'mflixphp');
$common = ['store.uri' => 'sqlite::memory:', 'snapshot.path' => $file, 'snapshot.format' => 'plain'];
unlink($file);
everything(Cache::open($common + ['cache.uri' => 'memory:']), 'memory');
if (isset($argv[1])) {
    everything(Cache::open($common + ['cache.uri' => $argv[1]]), 'redis');
}
check(json_decode(file_get_contents($file), true) === ['from_file' => ['x' => 1]], 'the file in one line of PHP');
@unlink($file);
@unlink("$file.check");
check(thrown(Mflix\Exception::class, fn () => Cache::open(['movies.ttl' => 5]))?->status === 'MC_E_OPTION', 'unknown option');
$away = Cache::open(['cache.uri' => 'redis://127.0.0.1:1', 'store.uri' => 'sqlite::memory:']);
$e = thrown(BackendException::class, fn () => $away->put('a', 'b'));
check($e?->status === 'MC_E_CACHE' && $e->retriable && $e->tier === 'redis', 'Redis is away');
check($away->movie(ID) === null && $away->info['cache'] === 'bypass', 'the database answers');
unset($away);
echo "$passed passed, $failed failed, 0 skipped\n";
exit($failed > 0 ? 1 : 0);
