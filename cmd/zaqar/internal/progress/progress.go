// Package progress shows on a terminal how far a command is.
package progress

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// interval is the shortest time between two changes of the line.
const interval = 100 * time.Millisecond

// Meter is a line on a terminal that shows how many messages were handled, how many a
// second, and which part of the work that is. A nil Meter shows nothing. It is safe for
// concurrent use.
type Meter struct {
	verb  string
	total int64 // the amount of work, in any unit, or 0 if it is not known
	start time.Time

	columns func() int // the width of the terminal

	mu       sync.Mutex
	w        io.Writer
	messages int
	worked   int64
	drawn    time.Time
	shown    bool
}

// New returns a meter that says, for example, "posted 1,200 messages". total is the amount of
// work in any unit, such as the bytes of a file, or 0 if it is not known. w must be a
// terminal, and columns returns its width, which may change; 0 is any width.
func New(w io.Writer, verb string, total int64, columns func() int) *Meter {
	return &Meter{verb: verb, total: total, start: time.Now(), w: w, columns: columns}
}

// Add says that more messages were handled, and how much of the work they are.
func (m *Meter) Add(messages int, work int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages += messages
	m.worked += work
	now := time.Now()
	if now.Sub(m.drawn) < interval {
		return
	}
	m.drawn, m.shown = now, true
	fmt.Fprint(m.w, clearLine+Fit(m.textLocked(now), m.columns()))
}

// Clear removes the line. Call it at the end, and before anything else is written.
func (m *Meter) Clear() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown {
		fmt.Fprint(m.w, clearLine)
	}
	m.shown, m.drawn = false, time.Time{}
}

// clearLine moves to the start of the line and clears it.
const clearLine = "\r\x1b[K"

func (m *Meter) textLocked(now time.Time) string {
	text := m.verb + " " + Messages(m.messages)
	if took := now.Sub(m.start); took >= time.Second {
		text += fmt.Sprintf(", %s a second", Grouped(int(float64(m.messages)/took.Seconds())))
	}
	if m.total > 0 {
		text += fmt.Sprintf(", %d %%", min(100, m.worked*100/m.total))
	}
	return text
}

// Fit cuts a line that would not fit on a terminal of this width: only its last row could be
// cleared.
func Fit(line string, columns int) string {
	if columns > 0 && len(line) >= columns {
		return line[:columns-1]
	}
	return line
}

// Messages returns a number of messages as words: "1 message", "20,000 messages".
func Messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return Grouped(n) + " messages"
}

// Grouped returns a number with its digits in groups of three: "20,000".
func Grouped(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
