//go:build unix

package tokencache_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/tokencache"
)

func TestOthersCannotReadAToken(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tokens")
	if err := os.Mkdir(folder, 0o755); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	var complaints []string
	cache := tokencache.In(folder, func(err error) { complaints = append(complaints, err.Error()) })
	cache.Save("a", []byte("secret"))
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	path := filepath.Join(folder, files[0].Name())
	for _, c := range []struct {
		path string
		want os.FileMode
	}{{folder, 0o700}, {path, 0o600}} {
		info, err := os.Stat(c.path)
		if err != nil || info.Mode().Perm() != c.want {
			t.Errorf("the mode of %s is %v, want %v (%v)", c.path, info.Mode().Perm(), c.want, err)
		}
	}
	// A file that others could read is not used.
	if err := os.Chmod(path, 0o640); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	if entry := cache.Load("a"); entry != nil || len(complaints) != 1 || !strings.Contains(complaints[0], "others can read it") {
		t.Errorf("the entry is %q, the complaints %q", entry, complaints)
	}
}
