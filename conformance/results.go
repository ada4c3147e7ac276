package conformance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/zaqar-go/zaqar"
)

// Results are what one server was seen to do by one version of the API: the
// operations that cases used with success, all cases having passed.
// docs/coverage.md is made of them. They hold nothing that changes from run to run.
type Results struct {
	// Server names the server, such as "zaqar-23".
	Server string `json:"server"`
	// Feature is what the cases were about, "" for what is common.
	Feature Feature `json:"feature,omitempty"`
	// Version is the version of the API.
	Version zaqar.Version `json:"version"`
	// NotServed is whether the server does not have the version.
	NotServed bool `json:"not_served,omitempty"`
	// Operations has the quirks that were met, by operation. "queue_list name"
	// is the parameter name of queue_list; parameters are told only where a quirk
	// is about them alone.
	Operations map[string][]int `json:"operations,omitempty"`
	// Unprovable are those of the operations that the server takes and ignores:
	// it cannot show whether the client has them right.
	Unprovable []string `json:"unprovable,omitempty"`
}

// FileName is the name that Save gives to the results of a server by a version.
func FileName(server string, feature Feature, version zaqar.Version) string {
	if feature != "" {
		server += "-" + string(feature)
	}
	return server + "-" + version.String() + ".json"
}

// Encode returns the results as JSON, to the byte the same for the same results.
func (r Results) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// Save writes the results into a folder that exists, in a file of their own.
func (r Results) Save(folder string) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, FileName(r.Server, r.Feature, r.Version)), data, 0o644)
}

// results sums up what cases used and met.
func results(server string, feature Feature, version zaqar.Version, used map[string]bool, met map[int]bool) Results {
	r := Results{Server: server, Feature: feature, Version: version, Operations: map[string][]int{}}
	for _, q := range quirks {
		for _, subject := range q.about {
			if met[q.number] && q.hides {
				used[subject] = true // it was tried, and shows nothing
			}
		}
	}
	for subject := range used {
		numbers, unprovable := []int{}, false
		for _, q := range quirks {
			if met[q.number] && slices.Contains(q.about, subject) {
				numbers = append(numbers, q.number)
				unprovable = unprovable || q.hides
			}
		}
		slices.Sort(numbers)
		r.Operations[subject] = numbers
		if unprovable {
			r.Unprovable = append(r.Unprovable, subject)
		}
	}
	slices.Sort(r.Unprovable)
	return r
}
