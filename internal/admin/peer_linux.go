package admin

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// checkPeer holds that the process behind conn is of this user, of root or, for
// root, of the user that the state directory is of.
func checkPeer(conn net.Conn, stateDir string) error {
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return fmt.Errorf("look who serves %s: %w", Socket, err)
	}
	var peer *unix.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) { peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return fmt.Errorf("look who serves %s: %w", Socket, err)
	}
	if peerErr != nil {
		return fmt.Errorf("look who serves %s: %w", Socket, peerErr)
	}
	if me := os.Geteuid(); int(peer.Uid) == me || peer.Uid == 0 || me == 0 && mayServe(peer.Uid, stateDir) {
		return nil
	}
	return fmt.Errorf("%s in %s is served by user %d, who is neither you nor the directory's owner", Socket, stateDir, peer.Uid)
}

// mayServe says whether a user's process may be the one on a state directory:
// its own, or a volume of root's that was handed to it.
func mayServe(uid uint32, stateDir string) bool {
	for _, name := range []string{stateDir, stateDir + "/lock"} {
		info, err := os.Stat(name)
		if err != nil {
			return false
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid == uid {
			return true
		}
	}
	return false
}
