// The files of a folder, with http.ServeContent; by their names with a strong tag, a weak one or none.
package main

import (
	"log"
	"net/http"
	"os"
	"path/filepath"
)

func main() {
	tags := map[string]string{"/tagged.txt": `"of-Go"`, "/weak.txt": `W/"of-Go"`}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, err := os.Open(filepath.Join(os.Args[1], filepath.Clean(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			http.NotFound(w, r)
			return
		}
		if tag := tags[r.URL.Path]; tag != "" {
			w.Header().Set("ETag", tag)
		}
		http.ServeContent(w, r, info.Name(), info.ModTime(), file)
	})))
}
