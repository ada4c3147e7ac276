package tokencache_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/tokencache"
)

func TestAnEntryIsKeptUntilItIsDropped(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "zaqar", "tokens")
	cache := tokencache.In(folder, func(err error) { t.Error(err) })
	if entry := cache.Load("a"); entry != nil {
		t.Errorf("an empty cache has %q", entry)
	}
	cache.Save("a", []byte("first"))
	cache.Save("a", []byte("second"))
	cache.Save("b", []byte("other"))
	if entry := cache.Load("a"); string(entry) != "second" {
		t.Errorf("the entry is %q", entry)
	}
	cache.Drop("a")
	cache.Drop("a")
	if a, b := cache.Load("a"), cache.Load("b"); a != nil || string(b) != "other" {
		t.Errorf("after the first was dropped the entries are %q and %q", a, b)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

func TestACacheThatCannotBeWrittenComplainsOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	complaints := 0
	cache := tokencache.In(filepath.Join(file, "tokens"), func(error) { complaints++ })
	cache.Save("a", []byte("x"))
	cache.Save("a", []byte("x"))
	if complaints != 1 {
		t.Errorf("there are %d complaints", complaints)
	}
}

func TestSeveralProgramsWriteWholeEntries(t *testing.T) {
	folder := t.TempDir()
	a, b := strings.Repeat("a", 100_000), strings.Repeat("b", 100_000)
	var programs sync.WaitGroup
	for _, entry := range []string{a, b} {
		programs.Go(func() {
			cache := tokencache.In(folder, func(err error) { t.Error(err) })
			for range 50 {
				cache.Save("key", []byte(entry))
				if got := string(cache.Load("key")); got != a && got != b {
					t.Errorf("an entry of %d bytes is neither", len(got))
				}
			}
		})
	}
	programs.Wait()
}
