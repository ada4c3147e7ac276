package integration

import (
	"errors"
	"testing"

	"github.com/zaqar-go/zaqar"
)

// TestAServerThatDemandsClaimsForBulkDeletionGetsThem uses a Zaqar with
// message_delete_with_claim_id.
func TestAServerThatDemandsClaimsForBulkDeletionGetsThem(t *testing.T) {
	t.Parallel()
	servers := find(t)
	client, err := zaqar.Connect(t.Context(), need(t, servers, "ZAQAR_REAL_Z23_CLAIMDELETE_URL"), zaqar.WithProject("claimdelete"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue, err := client.CreateQueue(t.Context(), "guarded-"+client.Conn().ClientID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := queue.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	ids, err := queue.Post(t.Context(), 1, 2, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	var claims []zaqar.DeleteOption
	for range 2 {
		claim, err := queue.Claim(t.Context(), zaqar.Limit(2))
		if err != nil {
			t.Fatal(err)
		}
		claims = append(claims, zaqar.ClaimID(claim.ID()))
	}
	if err := queue.DeleteMessages(t.Context(), ids); !errors.Is(err, zaqar.ErrInvalid) {
		t.Errorf("without claims: %v", err)
	}
	if stats, err := queue.Stats(t.Context()); err != nil || stats.Total != 4 {
		t.Errorf("refused, but stats are %v, %v", stats, err)
	}
	if err := queue.DeleteMessages(t.Context(), ids, claims...); err != nil {
		t.Errorf("with both claims: %v", err)
	}
	if stats, err := queue.Stats(t.Context()); err != nil || stats.Total != 0 {
		t.Errorf("stats are %v, %v", stats, err)
	}
}
