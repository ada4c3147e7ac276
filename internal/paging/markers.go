package paging

import "time"

// mostMarkers is how many markers are remembered. Circles that are longer are noticed
// too, but later.
const mostMarkers = 10_000

// Markers are those that a listing was read from since it last brought something new. A
// marker that is used again means that they lead in a circle. The zero value is empty.
type Markers struct {
	latest IDs
	// landmark is one marker of a longer way. In a circle it comes again; the number of
	// markers until another takes its place doubles, so it has the time (Brent's
	// algorithm).
	landmark    string
	steps, most int
}

// Used reports whether the listing was read from the marker.
func (m *Markers) Used(marker string) bool {
	return m.latest.Has(marker) || marker != "" && marker == m.landmark
}

// Use notes that the listing is read from the marker.
func (m *Markers) Use(marker string) {
	if m.latest.least == 0 {
		m.latest, m.most = NewIDs(mostMarkers), mostMarkers
	}
	m.latest.Add(marker, time.Time{})
	if m.steps++; m.steps >= m.most {
		m.landmark, m.steps, m.most = marker, 0, 2*m.most
	}
}

// Clear forgets all markers.
func (m *Markers) Clear() {
	m.latest.clear()
	m.landmark, m.steps, m.most = "", 0, mostMarkers
}
