package zaqar_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Programs that import package zaqar or zaqartest link the libraries for WebSocket and
// MessagePack. Only those that import auth/keystone link gophercloud.
func TestTheLibraryLinksLittleBesideItself(t *testing.T) {
	t.Parallel()
	socket := []string{"github.com/coder/websocket", "github.com/philhofer/fwd", "github.com/tinylib/msgp", "github.com/zaqar-go/zaqar"}
	for target, want := range map[string][]string{
		".":               socket,
		"./zaqartest":     socket,
		"./auth/keystone": {"github.com/gophercloud/gophercloud/v2", "github.com/zaqar-go/zaqar", "go.yaml.in/yaml/v3"},
	} {
		list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", target).Output()
		if err != nil {
			t.Fatal(err)
		}
		modules := strings.Fields(string(list))
		slices.Sort(modules)
		if modules = slices.Compact(modules); !slices.Equal(modules, want) {
			t.Errorf("%s links %v, want %v", target, modules, want)
		}
	}
	packages, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./zaqartest").Output()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(strings.Fields(string(packages)), "testing") {
		t.Error("the embedded server links testing, and so would programs that embed it")
	}
}
