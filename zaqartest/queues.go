package zaqartest

import (
	"errors"
	"net/http"
	"strings"
)

// putQueue serves the creation of a queue with metadata. A queue that exists
// stays as it is.
func putQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	content := metadata{}
	if c.size > 0 {
		document, err := c.document(int64(limits.MaxQueueMetadata))
		if err != nil {
			return reply{}, err
		}
		if content, err = object(document); err != nil {
			return reply{}, invalidBody("The metadata must be an object.")
		}
		if err := limits.checkMetadata(content); err != nil {
			return reply{}, invalid("%v.", err)
		}
	}
	return createQueue(c, content)
}

// putQueueV1 serves the creation of a queue in v1, which takes no body.
func putQueueV1(c *call) (reply, error) { return createQueue(c, metadata{}) }

func createQueue(c *call, content metadata) (reply, error) {
	created, err := c.srv.broker.createQueue(c.project, c.param("queue"), content)
	if errors.Is(err, errNoFlavor) {
		err = invalid("The flavor of the queue does not exist.")
	}
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return empty(status).with("Location", c.queuePath()), err
}

// metadataOf reads the metadata of the call's queue.
func metadataOf(c *call) (metadata, error) {
	var content metadata
	err := c.srv.broker.view(func(r *reading) error {
		q, err := r.queue(c.project, c.param("queue"))
		content = q.metadata
		return err
	})
	return content, err
}

// getQueue serves the metadata, with reserved keys filled in. A queue that does
// not exist looks like one without metadata.
func getQueue(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, errNoQueue) {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.withReserved(c.srv.options.limits))
}

// getQueueV11 serves the metadata as it was stored.
func getQueueV11(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, errNoQueue) {
		return reply{}, err
	}
	if content == nil {
		content = metadata{}
	}
	return jsonReply(http.StatusOK, content)
}

// queueExistsV1 serves GET and HEAD of a queue in v1: there or not.
func queueExistsV1(c *call) (reply, error) {
	c.location = c.queuePath()
	_, err := metadataOf(c)
	if errors.Is(err, errNoQueue) {
		return reply{}, &refusal{status: http.StatusNotFound, title: "404 Not Found", silent: true}
	}
	return empty(http.StatusNoContent), err
}

// getMetadataV1 serves the metadata in v1.
func getMetadataV1(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil {
		return reply{}, missingQueue(c, err)
	}
	c.location = c.queuePath("metadata")
	return jsonReply(http.StatusOK, content)
}

// putMetadataV1 serves the replacement of all metadata in v1, which knows no
// reserved keys and refuses what looks like one.
func putMetadataV1(c *call) (reply, error) {
	document, err := c.document(int64(c.srv.options.limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	content, err := object(document)
	if err != nil {
		return reply{}, invalidBody("The metadata must be an object.")
	}
	for key := range content {
		if strings.HasPrefix(key, "_") {
			return reply{}, invalid("The key %q is reserved.", key)
		}
	}
	err = c.srv.broker.update(func(w *writing) error {
		q, err := w.queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		q.metadata = content
		return w.saveQueue(q)
	})
	return empty(http.StatusNoContent).with("Location", c.queuePath("metadata")), err
}

// patchQueue serves changes of single keys. They happen all or not at all, and
// what comes out must be valid.
func patchQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	if c.size > int64(limits.MaxQueueMetadata) {
		return reply{}, invalidBody("The body is larger than %d bytes.", limits.MaxQueueMetadata)
	}
	if c.req.Header.Get("Content-Type") != patchType {
		return reply{}, &refusal{
			status: http.StatusUnsupportedMediaType, title: "415 Unsupported Media Type",
			description: "The media type of a patch is " + patchType + ".",
		}
	}
	document, err := c.document(int64(limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	edits, err := parsePatch(document)
	if err != nil {
		return reply{}, invalidBody("%v.", err)
	}
	var content metadata
	err = c.srv.broker.update(func(w *writing) error {
		q, err := w.queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		if content, err = q.metadata.patched(edits, limits); err != nil {
			return &refusal{status: http.StatusConflict, title: "Resource conflict", description: err.Error()}
		}
		if err := limits.checkMetadata(content); err != nil {
			return invalidBody("%v.", err)
		}
		if size, err := marshal(content); err != nil || len(size) > limits.MaxQueueMetadata {
			return invalidBody("The metadata would be larger than %d bytes.", limits.MaxQueueMetadata)
		}
		q.metadata = content
		return w.saveQueue(q)
	})
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.withReserved(limits))
}

// missingQueue tells the caller of a queue that does not exist, and passes
// other errors on.
func missingQueue(c *call, err error) error {
	if errors.Is(err, errNoQueue) {
		return notFound("Queue %s does not exist.", c.param("queue"))
	}
	return err
}

// deleteQueue serves the end of a queue, existing or not.
func deleteQueue(c *call) (reply, error) {
	return empty(http.StatusNoContent), c.srv.broker.deleteQueue(c.project, c.param("queue"))
}
