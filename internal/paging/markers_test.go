package paging_test

import (
	"fmt"
	"testing"

	"github.com/zaqar-go/zaqar/internal/paging"
)

func TestACircleOfAnyLengthIsNoticed(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 2, 100, 9999, 10_001, 50_000} {
		var markers paging.Markers
		n := 0
		for ; !markers.Used(fmt.Sprint(n % length)); n++ {
			markers.Use(fmt.Sprint(n % length))
			if n > 10*length+1000 {
				t.Fatalf("a circle of %d is not noticed", length)
			}
		}
		if length < 10_000 && n != length {
			t.Errorf("a circle of %d is noticed after %d", length, n)
		}
		markers.Clear()
		if markers.Used("0") {
			t.Error("a marker is left")
		}
	}
}

func TestManyDifferentMarkersAreNoCircle(t *testing.T) {
	t.Parallel()
	var markers paging.Markers
	for n := range 200_000 {
		if markers.Used(fmt.Sprint(n)) {
			t.Fatalf("after %d markers", n)
		}
		markers.Use(fmt.Sprint(n))
	}
}
