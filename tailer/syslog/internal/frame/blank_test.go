package frame

import "testing"

// Whatever stands where a frame should, nothing but ends of lines and blanks
// included, is framed, however it is chunked.
func TestNothingButEndsOfLines(t *testing.T) {
	ends := []string{"\n", "\r", "\x00", " ", "1", ""}
	for _, a := range ends {
		for _, b := range ends {
			for _, c := range ends {
				for _, d := range ends {
					between := a + b + c + d
					for _, in := range []string{"9 <14>first" + between + "8 <14>next", "9 <14>first" + between, "9 <14>firs\n" + between + "8 <14>next", "9 <14>   \n" + between + "\n", "5 <14>a9 <14>first" + between + "<14>x\n"} {
						for _, n := range []int{1, 3, len(in)} {
							frames(chop(in, n), 4096)
						}
					}
				}
			}
		}
	}
}
