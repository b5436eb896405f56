// What Go's standard library has for the same job: http.ServeContent, on one thread.
package main

import (
	"bytes"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"
)

func main() {
	runtime.GOMAXPROCS(1)
	serve("1k", 1024)
	serve("64k", 64*1024)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

func serve(name string, size int) {
	body := bytes.Repeat([]byte("x"), size)
	http.HandleFunc("/bare/"+name, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/octet-stream")
		answer.Header().Set("Content-Length", strconv.Itoa(size))
		answer.Write(body)
	})
	http.HandleFunc("/looked-up/"+name, func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Type", "application/octet-stream")
		answer.Header().Set("ETag", `"v1"`)
		http.ServeContent(answer, request, "", time.Time{}, bytes.NewReader(body))
	})
}
