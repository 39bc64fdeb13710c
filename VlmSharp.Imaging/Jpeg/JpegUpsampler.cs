namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// Brings one component to the picture's full size, row by row. A component at half the width or height (or both) is
/// interpolated with the triangle filter, weights 3/4 and 1/4, with the alternating roundings of the Independent JPEG
/// Group's "fancy upsampling"; any other ratio, and halves of at most two columns, are repeated. The neighbors of a sample
/// are those of the picture: the samples that fill up the last MCU are never used.
/// </summary>
internal sealed class JpegUpsampler
{
    private readonly JpegComponent component;
    private readonly int across;
    private readonly int down;
    private readonly byte[] output;

    /// <summary>Prepares a component of a frame.</summary>
    public JpegUpsampler(JpegComponent component, JpegFrame frame)
    {
        this.component = component;
        across = frame.MaxHorizontalFactor / component.HorizontalFactor;
        down = frame.MaxVerticalFactor / component.VerticalFactor;
        output = across == 1 && down == 1 ? [] : new byte[component.Width * across];
    }

    /// <summary>
    /// The samples of a full-size row; valid until the next call. The component's rows beside it, above and below, must be there.
    /// </summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        int row = y / down;
        ReadOnlySpan<byte> near = component.Row(row);
        if (across == 1 && down == 1)
            return near;
        // The row that contributes a quarter: the one above for even rows, the one below for odd ones.
        ReadOnlySpan<byte> far = component.Row(Math.Clamp((y & 1) == 0 ? row - 1 : row + 1, 0, component.Height - 1));
        if (across == 1 && down == 2)
            InterpolateDown(near, far, bias: (y & 1) == 0 ? 1 : 2);
        else if (across == 2 && down == 1 && component.Width > 2)
            InterpolateAcross(near);
        else if (across == 2 && down == 2 && component.Width > 2)
            InterpolateBoth(near, far);
        else
            Repeat(near);
        return output;
    }

    private void Repeat(ReadOnlySpan<byte> near)
    {
        Span<byte> to = output;
        for (int x = 0; x < near.Length; x++)
            to.Slice(x * across, across).Fill(near[x]);
    }

    private void InterpolateDown(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int bias)
    {
        for (int x = 0; x < near.Length; x++)
            output[x] = (byte)((near[x] * 3 + far[x] + bias) >> 2);
    }

    private void InterpolateAcross(ReadOnlySpan<byte> near)
    {
        int last = near.Length - 1;
        Span<byte> to = output.AsSpan(0, near.Length * 2);
        to[0] = near[0];
        to[1] = (byte)((near[0] * 3 + near[1] + 2) >> 2);
        for (int x = 1; x < last; x++)
        {
            int three = near[x] * 3;
            to[2 * x] = (byte)((three + near[x - 1] + 1) >> 2);
            to[2 * x + 1] = (byte)((three + near[x + 1] + 2) >> 2);
        }
        to[2 * last] = (byte)((near[last] * 3 + near[last - 1] + 1) >> 2);
        to[2 * last + 1] = near[last];
    }

    private void InterpolateBoth(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far)
    {
        int last = near.Length - 1;
        far = far[..near.Length];
        Span<byte> to = output.AsSpan(0, near.Length * 2);
        int previous, current = near[0] * 3 + far[0], next = near[1] * 3 + far[1];
        to[0] = (byte)((current * 4 + 8) >> 4);
        to[1] = (byte)((current * 3 + next + 7) >> 4);
        for (int x = 1; x < last; x++)
        {
            (previous, current) = (current, next);
            next = near[x + 1] * 3 + far[x + 1];
            to[2 * x] = (byte)((current * 3 + previous + 8) >> 4);
            to[2 * x + 1] = (byte)((current * 3 + next + 7) >> 4);
        }
        (previous, current) = (current, next);
        to[2 * last] = (byte)((current * 3 + previous + 8) >> 4);
        to[2 * last + 1] = (byte)((current * 4 + 7) >> 4);
    }
}
