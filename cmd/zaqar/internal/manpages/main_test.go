package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryCommandHasAPage(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	folder := filepath.Join(t.TempDir(), "man1")
	if err := run([]string{folder}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zaqar", "zaqar-queue-set-metadata", "zaqar-claim-create", "zaqar-serve"} {
		page, err := os.ReadFile(filepath.Join(folder, name+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if text := string(page); !strings.Contains(text, `.TH "ZAQAR" "1" "Jan 2026"`) || !strings.Contains(text, ".SH SYNOPSIS") {
			t.Errorf("the page %s is\n%s", name, text)
		}
	}
	if err := run(nil); err == nil {
		t.Error("without a folder there is no error")
	}
}
