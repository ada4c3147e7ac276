package zaqar_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A row of the map names files from the root, or from the folder of another file in the
// row. A name may have a * or a <noun>, which stands for several.
func TestTheFileMapNamesFilesThatExist(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "docs/design.md"), "\n## File map\n")
	text, _, _ = strings.Cut(text, "\n## ")
	name := regexp.MustCompile(`^[\w.*<>/-]+$`)
	found := 0
	for row := range strings.Lines(text) {
		folders := []string{"."}
		for _, path := range quotedIn(row) {
			if !name.MatchString(path) || !strings.Contains(path, "/") && !strings.Contains(path, ".") {
				continue
			}
			found++
			pattern := strings.ReplaceAll(path, "<noun>", "*")
			matched := false
			for _, folder := range folders {
				files, err := filepath.Glob(filepath.Join(folder, pattern))
				if matched = err == nil && len(files) > 0; matched {
					for at := files[0]; at != "."; at = filepath.Dir(at) {
						folders = append(folders, at)
					}
					break
				}
			}
			if !matched {
				t.Errorf("there is no %s: %s", path, strings.TrimSpace(row))
			}
		}
	}
	if found < 100 {
		t.Errorf("the map names %d files; is the test looking at the right section?", found)
	}
}

// Design names what is inside, too.
func TestTheDocumentsNameWhatExists(t *testing.T) {
	names := exported(t)
	inside := map[string]bool{}
	for path := range goFiles(t, func(string) bool { return true }) {
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(read(t, path), -1) {
			inside[name] = true
		}
	}
	for _, path := range manuals(t) {
		for _, name := range qualified(read(t, path)) {
			_, last, _ := strings.Cut(name, ".")
			if path == "docs/design.md" && inside[last] {
				continue
			}
			if !names[name] {
				t.Errorf("%s: there is no %s", path, name)
			}
		}
	}
}

func TestTheDocumentsLinkToHeadingsThatExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]*)#([^)]*)\)`)
	found := 0
	for _, path := range manuals(t) {
		for _, link := range link.FindAllStringSubmatch(read(t, path), -1) {
			page := path
			if link[1] != "" {
				page = filepath.Join(filepath.Dir(path), link[1])
			}
			if found++; !anchors(t, page)[link[2]] {
				t.Errorf("%s links to %s, which has no heading #%s", path, page, link[2])
			}
		}
	}
	if found < 20 {
		t.Errorf("the documents have %d links to headings; is the test looking for the right ones?", found)
	}
}

// anchors returns the names by which the headings of a page are linked to: in lower case,
// with hyphens for spaces, and without punctuation.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	punctuation := regexp.MustCompile(`[^\w\- ]`)
	names := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(read(t, page), -1) {
		text := punctuation.ReplaceAllString(strings.ToLower(heading[1]), "")
		names[strings.ReplaceAll(text, " ", "-")] = true
	}
	return names
}
