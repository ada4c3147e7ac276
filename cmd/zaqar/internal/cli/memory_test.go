package cli

import (
	"os"
	"testing"
)

func TestASizeHasAUnit(t *testing.T) {
	for text, want := range map[string]size{
		"128MiB": 128 << 20, "1GiB": 1 << 30, "1GB": 1e9, "64 KiB": 64 << 10, "100": 100, "7B": 7, "2TB": 2e12,
	} {
		var got size
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "1.5GiB", "-1MiB", "1 MiB/s", "128mib", "9999999999TiB", "99999999999999999999"} {
		var got size
		if err := got.Set(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
	for want, s := range map[string]size{"128MiB": 128 << 20, "3GiB": 3 << 30, "1000B": 1000, "1KiB": 1024, "0B": 0} {
		if got := s.String(); got != want {
			t.Errorf("%d prints as %s, want %s", int64(s), got, want)
		}
	}
}

func TestTheMemoryOfAContainerCountsIfItIsLess(t *testing.T) {
	const machine, v2, v1 = "/proc/meminfo", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
	for name, c := range map[string]struct {
		files map[string]string
		want  size
	}{
		"a machine":            {map[string]string{machine: "MemTotal:        8000000 kB\nMemFree: 5 kB\n"}, 8000000 << 10},
		"an open container":    {map[string]string{machine: "MemTotal: 8000 kB\n", v2: "max\n"}, 8000 << 10},
		"a container":          {map[string]string{machine: "MemTotal: 8000 kB\n", v2: "4096000\n"}, 4096000},
		"an old container":     {map[string]string{machine: "MemTotal: 8000 kB\n", v1: "4096000\n"}, 4096000},
		"an old open one":      {map[string]string{machine: "MemTotal: 8000 kB\n", v1: "9223372036854771712\n"}, 8000 << 10},
		"an unknown system":    {nil, 0},
		"a file of nonsense":   {map[string]string{machine: "nonsense", v2: "nonsense"}, 0},
		"only the container's": {map[string]string{v2: "4096000"}, 4096000},
	} {
		got := machineMemory(func(file string) ([]byte, error) {
			if content, ok := c.files[file]; ok {
				return []byte(content), nil
			}
			return nil, os.ErrNotExist
		})
		if got != c.want {
			t.Errorf("%s has %d bytes, want %d", name, got, c.want)
		}
	}
}
