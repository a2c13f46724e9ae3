// SPDX-License-Identifier: Apache-2.0

// Clients and a web service in Go that the benchmark puts beside the library.
//
//	peers rueidis|go-redis ADDRESS IDS   asked on standard input: "get THREADS MS"; answers "OPS P50 P99 CPU"
//	peers serve ADDRESS PORT             GET /movies/ID: the document as it lies in Redis, by rueidis
package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

type get func(ctx context.Context, key string) (string, error)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func withRueidis(address string) get {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true})
	fail(err)
	return func(ctx context.Context, key string) (string, error) {
		return c.Do(ctx, c.B().Get().Key(key).Build()).ToString()
	}
}

func withGoRedis(address string) get {
	c := redis.NewClient(&redis.Options{Addr: address, PoolSize: 128})
	return func(ctx context.Context, key string) (string, error) { return c.Get(ctx, key).Result() }
}

func cpu() float64 {
	var u syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

// One slice: as many reads as go through in so many milliseconds.
func slice(read get, ids []string, threads, ms int) {
	var stop atomic.Bool
	var wg sync.WaitGroup
	us := make([][]float64, threads)
	ctx := context.Background()
	before, start := cpu(), time.Now()
	for t := 0; t < threads; t++ {
		wg.Add(1)
		go func(t int) {
			defer wg.Done()
			for at := t * 997; !stop.Load(); at++ {
				t0 := time.Now()
				_, err := read(ctx, "fields:"+ids[(at*7919)%len(ids)])
				fail(err)
				us[t] = append(us[t], float64(time.Since(t0).Nanoseconds())/1e3)
			}
		}(t)
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	stop.Store(true)
	wg.Wait()
	took, used := time.Since(start).Seconds(), cpu()-before
	var all []float64
	for _, one := range us {
		all = append(all, one...)
	}
	sort.Float64s(all)
	n := len(all)
	fmt.Printf("%.1f %.2f %.2f %.3f\n", float64(n)/took, all[n/2], all[n*99/100], used/float64(n))
}

func answer(read get, file string) {
	text, err := os.ReadFile(file)
	fail(err)
	ids := strings.Fields(string(text))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var threads, ms int
		_, err := fmt.Sscanf(in.Text(), "get %d %d", &threads, &ms)
		fail(err)
		slice(read, ids, threads, ms)
	}
}

// The web service that one writes first with these two libraries.
func serve(address, port string) {
	read := withRueidis(address)
	http.HandleFunc("/movies/", func(w http.ResponseWriter, r *http.Request) {
		doc, err := read(r.Context(), "plain:"+strings.TrimPrefix(r.URL.Path, "/movies/"))
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, doc)
	})
	fail(http.ListenAndServe("127.0.0.1:"+port, nil))
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "rueidis":
		answer(withRueidis(os.Args[2]), os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "go-redis":
		answer(withGoRedis(os.Args[2]), os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3])
	default:
		fail(fmt.Errorf("usage: peers rueidis|go-redis ADDRESS IDS, or peers serve ADDRESS PORT"))
	}
}
