package conformance

import "testing"

func TestTablesAreAboutCasesThatExist(t *testing.T) {
	t.Parallel()
	sentences := map[string]bool{}
	for _, nouns := range groups {
		for _, cases := range nouns {
			for _, c := range cases {
				sentences[c.sentence] = true
			}
		}
	}
	for _, table := range []map[string]string{needsHTTP, httpAlone} {
		for sentence := range table {
			if !sentences[sentence] {
				t.Errorf("there is no case %q", sentence)
			}
		}
	}
	for _, sentence := range needsMarkers {
		if !sentences[sentence] {
			t.Errorf("there is no case %q", sentence)
		}
	}
	for sentence := range lacking {
		if !sentences[sentence] {
			t.Errorf("there is no case %q", sentence)
		}
	}
}
