import tracemalloc
import unittest

from knative_lambda.http_body import ChunkedBody, CountedBody
from knative_lambda.http_head import BadRequest


def read(body, wire, size):
    """:return: the body and what is left, the wire coming in pieces"""
    received = bytearray()
    for at in range(0, len(wire), size):
        received += wire[at : at + size]
        whole = body.take(received)
        if whole is not None:
            return whole, bytes(received) + wire[at + size :]
    return None, bytes(received)


class HttpBody(unittest.TestCase):
    def test_joins_a_body_whatever_its_pieces(self):
        chunked = b"4\r\nWiki\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n"
        for size in range(1, len(chunked) + 1):
            self.assertEqual(read(ChunkedBody(100), chunked + b"NEXT", size), (b"Wiki0123456789", b"NEXT"))
            self.assertEqual(read(CountedBody(5, 100), b"helloNEXT", size), (b"hello", b"NEXT"))

    def test_takes_a_body_of_the_limit_and_not_one_byte_more(self):
        self.assertEqual(read(ChunkedBody(4), b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", 3)[0], b"abcd")
        CountedBody(4, 4)
        for make in (lambda: CountedBody(5, 4), lambda: read(ChunkedBody(4), b"2\r\nab\r\n3\r\n", 3)):
            with self.assertRaises(BadRequest) as refused:
                make()
            self.assertEqual(refused.exception.code, "BODY_TOO_LARGE")

    def test_refuses_a_broken_chunk(self):
        for wire in (b"x\r\n", b"\r\n", b"-1\r\n", b"0x1\r\n", b"1\r\nab\r\n", b"f" * 16 + b"\r\n", b"1" * 2000, b"0\r\n" + b"a" * 20_000):
            with self.subTest(wire=wire[:20]), self.assertRaises(BadRequest):
                read(ChunkedBody(1 << 62), wire, 4096)

    def test_holds_chunks_of_one_byte_as_one_body(self):
        body = ChunkedBody(1 << 20)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for _ in range(1000):
            self.assertIsNone(body.take(bytearray(b"1\r\nx\r\n" * 100)))
        self.assertLess(tracemalloc.get_traced_memory()[1], 500_000)
        self.assertEqual(body.take(bytearray(b"0\r\n\r\n")), b"x" * 100_000)

    def test_waits_for_the_end_of_a_trailer(self):
        self.assertEqual(read(ChunkedBody(9), b"0\r\nA: b\r\n", 1)[0], None)


if __name__ == "__main__":
    unittest.main()
