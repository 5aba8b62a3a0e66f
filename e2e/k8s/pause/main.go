// Command pause holds the namespaces of a pod: it does nothing until it is told
// to end. With -image it writes an image of itself.
package main

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/rtcship/rtcship/e2e/k8s/image"
)

func main() {
	out := flag.String("image", "", "write an image of this program to the file")
	flag.Parse()
	if *out != "" {
		self, err := os.Executable()
		if err == nil {
			err = image.Write(*out, "localhost/pause:e2e", self)
		}
		if err != nil {
			log.Fatal("pause: ", err)
		}
		return
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}
