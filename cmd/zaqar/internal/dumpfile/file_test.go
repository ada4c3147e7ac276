package dumpfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "dump")
	contains := func(want string) {
		t.Helper()
		got, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) || string(got) != want {
			t.Errorf("the file has %q, %v; want %q", got, err, want)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) > 1 || len(files) == 1 && want == "" {
			t.Errorf("the folder has %v, %v", files, err)
		}
	}
	failed := errors.New("failed")
	err := dumpfile.WriteFile(name, false, func(w io.Writer) error { return errors.Join(text("half")(w), failed) })
	if !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	contains("")
	if err := dumpfile.WriteFile(name, false, text("whole")); err != nil {
		t.Error(err)
	}
	contains("whole")
	if err := dumpfile.WriteFile(name, false, text("another")); !errors.Is(err, dumpfile.ErrExists) {
		t.Errorf("%v", err)
	}
	contains("whole")
	err = dumpfile.WriteFile(name, true, func(w io.Writer) error { return errors.Join(text("half")(w), failed) })
	if !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	contains("whole")
	if err := dumpfile.WriteFile(name, true, text("another")); err != nil {
		t.Error(err)
	}
	contains("another")
}

func TestADeviceIsWrittenToAsItIs(t *testing.T) {
	if err := dumpfile.WriteFile(os.DevNull, false, text("whole")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAFolderThatDoesNotExistIsAnError(t *testing.T) {
	if err := dumpfile.WriteFile(filepath.Join(t.TempDir(), "none", "dump"), false, text("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
