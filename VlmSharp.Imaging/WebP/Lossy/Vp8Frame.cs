using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// A VP8 key frame (RFC 6386): its three planes are rebuilt macroblock by macroblock, then filtered, then converted to RGB.
/// </summary>
internal sealed class Vp8Frame
{
    private readonly Vp8FrameHeader header;
    private readonly DecodeContext context;
    private readonly Vp8Plane luma;
    private readonly Vp8Plane[] chroma;
    private readonly Vp8Macroblock block = new();

    // For each macroblock: the index of its filter strength, and in the lowest bit whether its inner edges are filtered.
    private readonly byte[] filtering;

    private Vp8Frame(Vp8FrameHeader header, DecodeContext context)
    {
        (this.header, this.context) = (header, context);
        int across = header.MacroblocksAcross, down = header.MacroblocksDown;
        luma = new Vp8Plane(across * 16, down * 16);
        chroma = [new Vp8Plane(across * 8, down * 8), new Vp8Plane(across * 8, down * 8)];
        filtering = new byte[across * down];
    }

    /// <summary>Decodes a frame whose size has been checked.</summary>
    /// <param name="frame">The whole frame: the payload of a <c>VP8 </c> chunk.</param>
    /// <param name="alpha">[height, width] opacities for blending over the background, or nothing.</param>
    /// <param name="orientation">How to turn it upright; 0 if its file does not say.</param>
    /// <param name="context">The errors to throw.</param>
    /// <param name="sink">Receives the rows.</param>
    public static void Decode(byte[] frame, byte[] alpha, int orientation, DecodeContext context, IRowSink sink)
    {
        var header = new Vp8FrameHeader(frame, context);
        context.Reserve(frame.Length + 384L * header.MacroblocksAcross * header.MacroblocksDown); // 16 x 16 and twice 8 x 8 samples
        var decoder = new Vp8Frame(header, context);
        decoder.Rebuild();
        decoder.Filter();
        var color = new Vp8Color(decoder.luma, decoder.chroma[0], decoder.chroma[1], header.Width, header.Height);
        context.Begin(sink, header.Width, header.Height, orientation);
        var row = new byte[header.Width * 3];
        for (int y = 0; y < header.Height; y++)
        {
            color.Convert(y, row);
            for (int x = 0; alpha.Length > 0 && x < header.Width; x++)
                context.Background?.Under(row.AsSpan(x * 3, 3), alpha[y * header.Width + x]);
            sink.Take(row);
        }
    }

    private void Rebuild()
    {
        var modes = new Vp8ModeReader(header);
        var coefficients = new Vp8CoefficientReader(header);
        for (int row = 0; row < header.MacroblocksDown; row++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Vp8BoolReader tokens = header.Coefficients[row % header.Coefficients.Length];
            modes.BeginRow();
            coefficients.BeginRow();
            for (int column = 0; column < header.MacroblocksAcross; column++)
            {
                modes.Read(column, block);
                coefficients.Read(tokens, column, block);
                if (header.Modes.PastEnd || tokens.PastEnd)
                    throw context.Truncated("its compressed data");
                Rebuild(column, row);
                int strength = block.Segment * 2 + (block.HasSubblocks ? 1 : 0);
                bool inner = block.HasSubblocks || block.HasAnyResidual;
                filtering[row * header.MacroblocksAcross + column] = (byte)(strength << 1 | (inner ? 1 : 0));
            }
        }
    }

    private void Rebuild(int column, int row)
    {
        if (block.HasSubblocks)
        {
            RebuildSubblocks(column, row);
        }
        else
        {
            Vp8BlockPrediction.Predict(luma, column, row, 16, block.Luma);
            for (int i = 0; i < 16; i++)
                AddResidual(luma, column * 16, row * 16, i, i & 3, i >> 2);
        }
        for (int plane = 0; plane < 2; plane++)
        {
            Vp8BlockPrediction.Predict(chroma[plane], column, row, 8, block.Chroma);
            for (int i = 0; i < 4; i++)
                AddResidual(chroma[plane], column * 8, row * 8, 16 + plane * 4 + i, i & 1, i >> 1);
        }
        if (block.HasAnyResidual)
            block.Coefficients.AsSpan().Clear();
    }

    private void RebuildSubblocks(int column, int row)
    {
        // For the blocks of the right column, only the macroblock above has a rebuilt upper right neighbor; the lower three blocks use that
        // of the first.
        Span<byte> rightmost = stackalloc byte[4];
        int above = luma.At(column * 16, row * 16) - luma.Stride;
        if (row == 0)
            rightmost.Fill(luma.Samples[above]);
        else if (column == header.MacroblocksAcross - 1)
            rightmost.Fill(luma.Samples[above + 15]);
        else
            luma.Samples.AsSpan(above + 16, 4).CopyTo(rightmost);
        for (int i = 0; i < 16; i++)
        {
            int at = luma.At(column * 16 + (i & 3) * 4, row * 16 + (i >> 2) * 4);
            ReadOnlySpan<byte> aboveRight = (i & 3) == 3 ? rightmost : luma.Samples.AsSpan(at - luma.Stride + 4, 4);
            Vp8SubblockPrediction.Predict(luma.Samples, at, luma.Stride, aboveRight, block.Subblocks[i]);
            AddResidual(luma, column * 16, row * 16, i, i & 3, i >> 2);
        }
    }

    private void AddResidual(Vp8Plane plane, int x, int y, int index, int column, int row)
    {
        if (!block.HasAnyResidual || !block.HasResidual[index])
            return;
        int at = plane.At(x + column * 4, y + row * 4);
        Vp8Transform.AddInverseCosine(block.Coefficients.AsSpan(index * 16, 16), plane.Samples.AsSpan(at), plane.Stride);
    }

    private void Filter()
    {
        if (header.Filter.Kind == Vp8FilterKind.None)
            return;
        Vp8FilterStrength[] strengths = header.Filter.Strengths(header.Segments);
        var filter = new Vp8LoopFilter(header.Filter.Kind, luma, chroma);
        for (int i = 0; i < filtering.Length; i++)
        {
            if (i % header.MacroblocksAcross == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            filter.Apply(i % header.MacroblocksAcross, i / header.MacroblocksAcross, strengths[filtering[i] >> 1], (filtering[i] & 1) != 0);
        }
    }
}
