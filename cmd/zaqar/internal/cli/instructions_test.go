package cli

import (
	"os/exec"
	"testing"
)

func TestQuoteMakesOneWordOfAShellCommand(t *testing.T) {
	for _, text := range []string{
		"demo", "http://127.0.0.1:8888/identity/v3", "", "two words", "it's", "'", "$HOME `id` $(id)", "a\nb", `\`, "*", "~", "ß",
	} {
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(text)).Output()
		if err != nil || string(got) != text {
			t.Errorf("the shell makes %q of %q (%v)", got, text, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "localhost": true,
		"": false, "0.0.0.0": false, "::": false, "192.0.2.1": false, "cloud.example.com": false, "localhost.example.com": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("loopback(%q) = %v, want %v", host, got, want)
		}
	}
}
