// SPDX-License-Identifier: Apache-2.0
// Go, by cgo: PKG_CONFIG_PATH=... go run first.go
package main

// #cgo pkg-config: mflixcache
// #include <stdlib.h>
// #include <string.h>
// #include <mflixcache/mflixcache.h>
import "C"
import "fmt"
import "unsafe"

func main() {
	var mc *C.mc_client
	var movie *C.mc_movie
	var err C.mc_error
	json, id := C.CString(`{"_id":{"$oid":"573a1393f29313caabcdc810"},"title":"Casablanca","year":1942}`), C.CString("573a1393f29313caabcdc810")
	defer C.free(unsafe.Pointer(json))
	defer C.free(unsafe.Pointer(id))
	if C.mc_open(nil, &mc, &err) != C.MC_OK {
		panic(C.GoString(&err.text[0]))
	}
	defer C.mc_close(mc)
	C.mc_create_movie(mc, json, C.strlen(json), nil, nil, nil)
	if status := C.mc_get_movie(mc, id, &movie, nil, &err); status != C.MC_OK { // any number of goroutines may call
		panic(C.GoString(C.mc_status_text(status)))
	}
	fmt.Println(C.GoString(C.mc_movie_title(movie)))
	C.mc_movie_unref(movie)
}
