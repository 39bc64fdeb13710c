namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// Keeps all rows of a picture, each at its place in the upright picture. The caller wraps the array as an <c>RgbImage</c>: decoders must
/// not depend on the public types, because those depend on the decoders.
/// </summary>
internal sealed class Raster : IRowSink
{
    private int storedWidth;
    private int storedHeight;
    private int orientation;
    private int next;

    /// <summary>Columns of the upright picture.</summary>
    public int Width { get; private set; }

    /// <summary>Rows of the upright picture.</summary>
    public int Height { get; private set; }

    /// <summary>[height, width, 3]: the bytes R, G, B of each pixel.</summary>
    public byte[] Pixels { get; private set; } = [];

    public long BytesFor(int width, int height) => 3L * width * height;

    public void Begin(int width, int height, int orientation)
    {
        (storedWidth, storedHeight, this.orientation, next) = (width, height, orientation, 0);
        (Width, Height) = ExifOrientation.SwapsAxes(orientation) ? (height, width) : (width, height);
        Pixels = new byte[checked(width * height * 3)];
    }

    public void Take(ReadOnlySpan<byte> row)
    {
        int y = next++;
        if (orientation is < 2 or > 8)
        {
            row[..(storedWidth * 3)].CopyTo(Pixels.AsSpan(y * storedWidth * 3));
            return;
        }
        (int start, int step) = ExifOrientation.Place(orientation, y, storedWidth, storedHeight);
        byte[] target = Pixels;
        for (int x = 0, to = start * 3; x < storedWidth * 3; x += 3, to += step * 3)
        {
            target[to] = row[x];
            target[to + 1] = row[x + 1];
            target[to + 2] = row[x + 2];
        }
    }
}
