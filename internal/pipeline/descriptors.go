package pipeline

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/internal/config"
)

// reservedDescriptors are for what has to go on whatever is followed: the
// collector, checkpoints, the spool and its segments, listeners, the admin server,
// directories that are listed.
const reservedDescriptors = 64

// Descriptors says how many files may be open and how many connections there may
// be at once: what is configured, less where the process may not have as many
// descriptors. note says so, "" if nothing had to be taken away.
func Descriptors(cfg *config.Config) (files, connections int, note string) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return cfg.Limits.OpenFiles, cfg.Pexip.MaxConnections, ""
	}
	return share(cfg, int(min(limit.Cur, 1<<30)))
}

func share(cfg *config.Config, limit int) (files, connections int, note string) {
	files, connections = cfg.Limits.OpenFiles, cfg.Pexip.MaxConnections
	wanted := connections
	if len(cfg.Pexip.Listen) == 0 {
		wanted = 0
	}
	room := limit - reservedDescriptors - len(cfg.Pexip.Listen)
	if files+wanted <= room {
		return files, connections, ""
	}
	room = max(room, limit/2, 8)
	files = max(4, room*files/(files+wanted))
	if wanted > 0 {
		connections = max(1, min(wanted, room-files))
	}
	note = fmt.Sprintf("this process may have %d descriptors: %d files are open at once instead of limits.open_files (%d)", limit, files, cfg.Limits.OpenFiles)
	if connections < cfg.Pexip.MaxConnections {
		note += fmt.Sprintf(", and %d connections instead of pexip.max_connections (%d)", connections, cfg.Pexip.MaxConnections)
	}
	return files, connections, note + "; raise its limit (ulimit -n, LimitNOFILE) to have more"
}
