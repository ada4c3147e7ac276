package zaqar_test

import (
	"errors"
	"testing"

	"github.com/zaqar-go/zaqar"
)

func TestOnJavaScriptTheWebSocketIsUnsupported(t *testing.T) {
	if _, err := zaqar.Connect(t.Context(), "ws://localhost:1", zaqar.WithProject("p")); !errors.Is(err, zaqar.ErrUnsupported) {
		t.Errorf("alone: %v", err)
	}
	_, err := zaqar.Connect(t.Context(), "http://localhost:1", zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2), zaqar.WithWebSocket("ws://localhost:1"))
	if !errors.Is(err, zaqar.ErrUnsupported) {
		t.Errorf("beside HTTP: %v", err)
	}
}
