package progress_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

func anyWidth() int { return 0 }

func TestALineIsCutToTheWidthThatTheTerminalHasNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown strings.Builder
		columns := 80
		meter := progress.New(&shown, "posted", 1000, func() int { return columns })
		meter.Add(2000, 10)
		columns = 10
		time.Sleep(time.Second)
		meter.Add(1, 10)
		if want := "\r\x1b[Kposted 2,000 messages, 1 %\r\x1b[Kposted 2,"; shown.String() != want {
			t.Errorf("shows %q\nwant  %q", shown.String(), want)
		}
	})
}

func TestAMeterShowsHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown strings.Builder
		meter := progress.New(&shown, "posted", 1000, anyWidth)
		meter.Add(1, 10)
		meter.Add(79, 300) // too soon to be shown
		time.Sleep(2 * time.Second)
		meter.Add(1920, 640)
		meter.Clear()
		meter.Clear()
		want := "\r\x1b[Kposted 1 message, 1 %\r\x1b[Kposted 2,000 messages, 1,000 a second, 95 %\r\x1b[K"
		if shown.String() != want {
			t.Errorf("shows %q\nwant  %q", shown.String(), want)
		}
	})
}

func TestAMeterWithoutATotalShowsNoPart(t *testing.T) {
	var shown strings.Builder
	meter := progress.New(&shown, "read", 0, anyWidth)
	meter.Add(3, 10)
	if want := "\r\x1b[Kread 3 messages"; shown.String() != want {
		t.Errorf("shows %q, want %q", shown.String(), want)
	}
}

func TestNoMeterShowsNothing(t *testing.T) {
	var meter *progress.Meter
	meter.Add(1, 1)
	meter.Clear()
}

func TestDigitsAreGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 20000: "20,000", 1234567: "1,234,567", -100: "-100", -1000: "-1,000"} {
		if got := progress.Grouped(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
