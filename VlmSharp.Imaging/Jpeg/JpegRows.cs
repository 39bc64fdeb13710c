using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>Makes rows of pixels of the components' samples, as far as these are there, and hands them on.</summary>
internal sealed class JpegRows
{
    private readonly JpegFrame frame;
    private readonly JpegColorSpace space;
    private readonly DecodeContext context;
    private readonly IRowSink sink;
    private readonly JpegUpsampler[] planes;
    private readonly byte[] row;
    private int next;

    /// <summary>Begins at the first row.</summary>
    public JpegRows(JpegFrame frame, JpegColorSpace space, DecodeContext context, IRowSink sink)
    {
        (this.frame, this.space, this.context, this.sink) = (frame, space, context, sink);
        planes = [.. frame.Components.Select(c => new JpegUpsampler(c, frame))];
        row = new byte[frame.Width * 3];
    }

    /// <summary>Hands on the rows whose samples are there, and those of the rows beside them that upsampling looks at.</summary>
    /// <param name="complete">The rows of pixels whose own samples are there.</param>
    public void Emit(int complete) => EmitTo(complete >= frame.Height ? frame.Height : complete - frame.MaxVerticalFactor);

    /// <summary>Hands on what is left, when all samples are there.</summary>
    public void EmitRest() => EmitTo(frame.Height);

    private void EmitTo(int end)
    {
        for (; next < end; next++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Convert(next);
            sink.Take(row);
        }
    }

    private void Convert(int y)
    {
        ReadOnlySpan<byte> first = planes[0].Row(y);
        switch (space)
        {
            case JpegColorSpace.Gray:
                JpegColor.FromRgb(first, first, first, row);
                break;
            case JpegColorSpace.YCbCr:
                JpegColor.FromYCbCr(first, planes[1].Row(y), planes[2].Row(y), row);
                break;
            case JpegColorSpace.Rgb:
                JpegColor.FromRgb(first, planes[1].Row(y), planes[2].Row(y), row);
                break;
            case JpegColorSpace.Cmyk:
                JpegColor.FromRgb(first, planes[1].Row(y), planes[2].Row(y), row);
                JpegColor.ApplyInk(planes[3].Row(y), row);
                break;
            default:
                // YCCK holds the complement of C, M and Y.
                JpegColor.FromYCbCr(first, planes[1].Row(y), planes[2].Row(y), row);
                JpegColor.Invert(row);
                JpegColor.ApplyInk(planes[3].Row(y), row);
                break;
        }
    }
}
