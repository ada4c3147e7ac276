package dumpfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists is the error of a dump whose file exists.
var ErrExists = errors.New("the file exists")

// WriteFile writes a file, all of it or nothing: the file appears under its name when write
// has succeeded. Only its owner may read it. A file that exists is replaced only if
// replace is set. What is not a regular file, such as a named pipe, is written to as it is.
func WriteFile(name string, replace bool, write func(io.Writer) error) (err error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return writeThrough(name, write)
	case err == nil && !replace:
		return fmt.Errorf("%s: %w", name, ErrExists)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.part")
	if failed, ok := errors.AsType[*fs.PathError](err); ok { // its name is of no use to anybody
		return &fs.PathError{Op: "create", Path: name, Err: failed.Err}
	} else if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	// Otherwise the file could be empty after a loss of power.
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

func writeThrough(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
