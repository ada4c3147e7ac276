package process

import (
	"io"
	"os"
)

// pipeRoom is how much every pipe holds.
const pipeRoom = 4096

// input returns a file from which a process reads a body, and a function to call when the
// process has ended.
//
// The whole body is there before the process starts. If this program were killed while it
// still wrote, the process would take the part that it got for all.
func input(body []byte) (in *os.File, clean func(), err error) {
	if len(body) <= pipeRoom {
		in, ours, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		_, err = ours.Write(body)
		_ = ours.Close()
		return in, func() {}, err
	}
	in, err = os.CreateTemp("", "zaqar-body-")
	if err != nil {
		return nil, nil, err
	}
	// Where an open file cannot be removed, it is removed at the end.
	clean = func() { _ = os.Remove(in.Name()) }
	clean()
	if _, err = in.Write(body); err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = in.Close()
		clean()
		return nil, nil, err
	}
	return in, clean, nil
}
