"""Pictures of screens with a palette instead of full colour: a third of the size, and nothing to be seen of it."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

QUANTIZE = """
async (source) => {
  const picture = await createImageBitmap(await (await fetch("data:image/png;base64," + source)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height), drawing = canvas.getContext("2d");
  drawing.drawImage(picture, 0, 0);
  const pixels = new Uint32Array(drawing.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const counts = new Map();
  for (const one of pixels) counts.set(one, (counts.get(one) || 0) + 1);
  const palette = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([colour]) => colour);
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const shades = palette.map(parts), place = new Map(palette.map((colour, at) => [colour, at]));
  const nearest = (colour) => {
    const wanted = parts(colour);
    let best = 0, least = Infinity;
    shades.forEach((shade, at) => {
      const off = shade.reduce((sum, part, n) => sum + (part - wanted[n]) ** 2, 0);
      if (off < least) { least = off; best = at; }
    });
    return best;
  };
  const indices = new Uint8Array(pixels.length);
  pixels.forEach((colour, at) => {
    if (!place.has(colour)) place.set(colour, nearest(colour));
    indices[at] = place.get(colour);
  });
  let text = "";
  for (let at = 0; at < indices.length; at += 32768) text += String.fromCharCode(...indices.subarray(at, at + 32768));
  return [canvas.width, canvas.height, shades.flat(), btoa(text)];
}
"""


def small(tool: Page, picture: bytes) -> bytes:
    """The same picture with the 256 colours that it has most of; `tool` is an empty page that counts them."""
    width, height, palette, indices = tool.evaluate(QUANTIZE, base64.b64encode(picture).decode())
    rows = base64.b64decode(indices)
    lines = b"".join(b"\0" + rows[start : start + width] for start in range(0, width * height, width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", bytes(palette)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
