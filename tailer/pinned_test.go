package tailer

import "testing"

// TestPinnedSequences runs what TestModel found once, and what became of it.
func TestPinnedSequences(t *testing.T) {
	for name, steps := range map[string]string{
		"a copy of what is in an archive by now":                  "4 2 true [write(0,5) pass(8,2) copyaway(20,7) copytruncate(29,0) compress(1,1) pass(31,7) pass(7,6)]",
		"a copy of what nobody has looked at yet":                 "1 1 true [copytruncate(12,7) write(40,0) start(15,1) write(10,1) copyaway(12,2) foreign(12,0) foreign(32,4)]",
		"a hard link beside the archive of its file":              "2 2 false [half(37,4) touch(27,0) half(33,7) pass(9,0) write(21,7) stop(1,1) write(1,2) partly(12,4) write(10,7) write(23,6) hardlink(26,0) burst(7,5) compress(35,6)]",
		"copied and truncated when it begins as the one before":   "3 0 false [pass(1,7) link(0,6) write(19,0) copytruncate(14,1) write(1,3)]",
		"the copy of what was truncated gets another name":        "3 0 false [write(0,0) copytruncate(5,1) foreign(0,6)]",
		"a copy whose log ends in the middle of a line":           "3 0 false [write(0,0) copytruncate(17,0) foreign(35,6) half(7,5) pass(14,6)]",
		"copied twice and truncated before anybody looked":        "1 2 true [write(32,0) write(12,0) copyaway(0,0) copytruncate(0,0)]",
		"copied and moved under names that nobody knows":          "2 1 false [rename(0,0) write(4,0) copyaway(0,0) foreign(0,0)]",
		"truncated, and moved to a name that nobody knows":        "3 0 true [release(21,6) write(0,7) write(31,1) write(25,0) out(3,4) clock(1,3) rename(35,6) write(8,6) clock(1,7) clock(24,6) half(6,2) hold(1,6) start(25,6) write(0,0) away(2,6) stop(12,4) half(1,1) foreign(12,4) write(17,0) write(22,6) half(16,0) stop(22,2) pass(5,2) write(1,0) copytruncate(3,1)]",
		"moved away, and killed with only its head saved":         "4 0 false [foreign(1,2) kill(18,7) clock(15,4) link(0,5) link(4,6)]",
		"copied after it was replaced by itself":                  "1 2 false [delete(5,2) write(9,6) delete(15,7) rename(9,6) delete(23,1) copytruncate(2,1) start(7,6) write(10,6) write(0,6) start(19,1) delete(23,2) clock(11,0) write(36,1) replace(1,6) write(22,0) compress(36,7) copyaway(22,3) pass(34,3) copytruncate(11,5) write(19,5) rename(37,4)]",
		"a copy of what is packed, with a line of its own":        "3 2 true [few(9,2) compress(7,1) write(3,4) copytruncate(22,7) compress(29,2) write(6,6) compress(25,2) write(14,2) out(5,4) burst(40,0) foreign(1,2)]",
		"a copy of what is found in an archive just now":          "3 2 true [pass(3,5) pass(25,3) touch(6,3) write(2,2) foreign(14,5) foreign(7,6) out(2,7) stop(7,3) copyaway(22,2) out(1,3) rename(5,0) touch(4,0) compress(35,5) clock(23,2)]",
		"copied while the rotated one begins in the same way":     "3 0 true [rename(39,4) write(36,4) pass(1,2) pass(3,1) write(15,6) write(7,4) copyaway(17,7) write(26,1) pass(11,2) write(1,1) kill(0,7)]",
		"copied, and packed before anybody knew it":               "2 1 true [link(14,3) write(2,4) write(11,0) write(0,2) compress(1,2) pass(30,1) half(28,2) compress(26,1) write(15,0) copyaway(1,7) write(1,4) write(0,6) rename(0,4) write(2,6) hold(33,1) write(10,0) foreign(28,1) write(1,0) clock(35,0) compress(1,1) write(18,3) compress(16,0)]",
		"a header in many files, and few descriptors":             "4 1 true [write(0,1) write(0,6) rename(15,0) rename(21,1) write(27,6) copytruncate(5,4) write(5,7) start(20,0) alias(0,0) touch(39,2) few(36,6) write(25,0) copytruncate(6,1) copytruncate(7,0) write(11,6) rename(40,1) kill(11,6) pass(9,3)]",
		"packed under a name that nobody knows":                   "0 0 false [foreign(21,1) write(0,3) foreign(4,0) copytruncate(2,2) foreign(1,7) foreign(2,4) write(36,5) clock(8,3) write(35,1) half(4,3) write(16,7) partly(34,0) write(5,3) copytruncate(7,0) pass(13,4) partly(1,7) half(13,2) compress(3,4) out(2,6) rename(33,1) release(1,4) release(1,6) copyaway(7,6) hardlink(2,0) pass(40,0) half(9,7) copytruncate(1,3)]",
		"linked, moved to a name that nobody knows, and packed":   "2 2 true [half(4,0) out(1,4) write(6,1) half(3,1) partly(3,5) write(0,1) write(30,5) foreign(37,7) write(5,0) out(4,1) write(10,3) hardlink(39,0) rename(10,6) foreign(26,6) compress(40,0) away(21,0) truncate(29,4) away(0,5) pass(0,5) link(4,6)]",
		"moved away by a copy, which begins as its archive":       "3 0 true [rename(9,4) write(3,2) pass(32,7) rename(21,7) copytruncate(25,7) compress(0,2) half(32,1) copyaway(30,6) compress(29,5) hold(15,6) foreign(1,1) half(34,1) foreign(26,0)]",
		"a shorter copy, and its original was deleted":            "0 2 true [copytruncate(16,0) write(16,2) alias(1,4) copyaway(15,2) rename(1,1) clock(1,7) away(4,3) replace(7,3) copytruncate(16,1) kill(11,3) clock(0,5) delete(28,7)]",
		"many begin in the same way, and one is deleted":          "4 0 false [start(6,6) write(6,1) alias(23,3) write(7,0) copytruncate(33,6) clock(39,3) half(40,6) write(10,3) write(1,3) clock(10,1) out(40,0) write(0,0) compress(1,1) rename(4,0) replace(3,5) burst(11,2) write(28,6) delete(3,5) pass(10,2) write(40,1) write(0,3) clock(8,4)]",
		"out to another directory by a copy":                      "3 0 false [half(0,6) touch(32,1) write(33,1) out(1,3) write(1,3) replace(6,3) out(3,2)]",
		"a hard link of what is packed, of which little is known": "4 0 false [replace(0,4) write(5,2) hardlink(0,0) clock(6,6) write(3,3) rename(20,4) start(4,3) stop(15,5) compress(0,5)]",
		"copied, written to and truncated at once":                "1 1 false [write(33,0) write(7,0) write(3,0) copyaway(0,0) write(16,0) away(1,0) truncate(0,0)]",
		"copied and truncated with little known of it":            "2 2 false [foreign(0,0) write(0,0) delete(0,0) copytruncate(4,3) replace(0,0) write(4,0) copytruncate(1,1)]",
		"truncated just now, with a header as before, and copied": "4 0 false [write(0,0) rename(0,0) write(0,0) compress(30,4) copytruncate(0,0) write(1,0) copyaway(0,0)]",
		"truncated just now, longer than before, and copied":      "0 1 true [foreign(0,0) write(1,0) pass(0,4) truncate(0,0) write(2,0) copyaway(0,0)]",
		"little of it is in one copy, and another one is last":    "4 0 true [few(0,0) half(0,0) copytruncate(5,7) copytruncate(0,0) partly(0,2) rename(0,0)]",
		"a copy of what nobody knows, and many that begin as it":  "4 0 true [foreign(1,0) write(1,0) foreign(0,0) write(0,0) link(1,0) half(0,0) out(4,3) replace(0,0)]",
		"copied twice, and its own copy waits":                    "1 1 false [write(4,0) write(40,0) copyaway(0,0) copyaway(0,0) copytruncate(0,0) rename(0,1)]",
		"copied, and its original deleted before it was told":     "3 0 true [write(0,0) copyaway(0,0) rename(0,1) stop(0,0) delete(0,0)]",
		"copied, and much was written before it was truncated":    "1 1 false [write(34,0) write(7,0) write(3,0) copyaway(0,0) write(40,0) away(1,0) truncate(0,0)]",
		"empty when it was seen last, rotated by a wrong clock":   "0 2 true [stop(0,0) clock(0,0) rename(0,3) clock(0,1)]",
		"made just now, written and rotated by a wrong clock":     "0 2 true [link(0,0) stop(0,0) clock(0,0) rename(0,3) clock(0,1)]",
		"made just now, written by a wrong clock, then rotated":   "0 2 true [link(0,0) stop(0,0) clock(0,0) write(0,0) clock(0,1) rename(0,0)]",
		"a copy that is packed beside a further name of it":       "3 2 false [write(0,0) replace(0,0) hardlink(0,0) write(0,0) foreign(0,0) compress(1,4) stop(0,0)]",
		"copied twice, one copy goes to another directory":        "3 1 true [write(0,0) pass(0,2) copyaway(0,0) copytruncate(0,0) out(0,3) compress(0,0)]",
		"copied, much was written, and killed before truncated":   "1 1 false [write(34,0) write(7,0) write(3,0) copyaway(0,0) write(40,0) away(7,0) kill(0,0) truncate(0,0)]",
		"a copy of a copy that is deleted, and open still":        "4 1 true [write(0,0) replace(0,0) burst(1,1) foreign(8,4) delete(0,0) out(1,3)]",
		"copied, and truncated and killed with only a head saved": "1 1 true [write(21,0) write(24,0) copyaway(0,0) write(40,0) write(40,0) pass(0,3) truncate(0,0) kill(0,0)]",
		"copied, and very much was written before truncated":      "4 1 false [write(34,0) write(7,0) write(3,0) copyaway(0,0) write(40,0) write(40,0) write(40,0) away(40,0) stop(0,0) truncate(0,0)]",
		"copied when short, and very much was written":            "1 1 false [write(34,0) write(7,0) write(3,0) copyaway(0,0) write(40,0) write(40,0) away(7,0) truncate(0,0)]",
		"replaced by itself, and a copy has its inode":            "2 2 true [copytruncate(0,1) write(29,0) replace(1,5) kill(1,1) copyaway(0,0) write(10,0)]",
		"packed while it waits, and few descriptors":              "3 2 true [write(0,0) copyaway(0,0) write(0,0) copytruncate(0,0) few(0,0) partly(0,2)]",
		"replaced by itself, then copied and truncated":           "4 1 false [write(0,0) replace(0,0) copytruncate(5,1)]",
		"part of it is in an archive, and a copy took its place":  "4 0 true [copytruncate(0,0) partly(0,0) write(0,0) replace(0,0) foreign(13,0)]",
		"an archive that was left alone, and is unpacked again":   "3 0 false [replace(17,0) copytruncate(36,2) foreign(1,5) hold(17,1) write(15,4) write(14,3) hold(7,6) compress(1,5) delete(1,5) write(8,6) stop(37,6) write(18,1) away(9,0) link(6,3) clock(40,6) write(0,6) out(4,4) clock(6,5) copytruncate(10,4) copytruncate(3,5) pass(0,1)]",
		"packed beside its file, and begins as what is gone":      "3 1 true [clock(21,4) write(16,1) half(36,2) hold(5,4) pass(6,4) out(27,1) foreign(0,1) hold(17,2) clock(5,2) release(36,6) delete(30,7) compress(23,6)]",
	} {
		t.Run(name, func(t *testing.T) { runSteps(t, steps) })
	}
}
