namespace VlmSharp.Training.Objectives;

/// <summary>
/// Pictures x and texts y as vectors; text i describes picture i. Every picture is compared with every text:
/// <code>
/// s_ij = t x_i . y_j + b
/// </code>
/// </summary>
internal readonly ref struct EmbeddingPairs
{
    private readonly ReadOnlySpan<float> x, y;
    private readonly int width;

    /// <summary>Takes the vectors.</summary>
    /// <param name="pictures">x [n, d].</param>
    /// <param name="texts">y [n, d].</param>
    /// <param name="width">d, the numbers of a vector.</param>
    /// <exception cref="ArgumentException">There are not n vectors of each.</exception>
    public EmbeddingPairs(ReadOnlySpan<float> pictures, ReadOnlySpan<float> texts, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (pictures.Length == 0 || pictures.Length % width != 0 || texts.Length != pictures.Length)
            throw new ArgumentException(
                $"{pictures.Length} numbers of pictures, {texts.Length} of texts: give as many vectors of {width} of both.");
        x = pictures;
        y = texts;
        this.width = width;
    }

    /// <summary>n, the number of pairs: text i belongs to picture i.</summary>
    public int Count => x.Length / width;

    /// <summary>s [n, n].</summary>
    public double[,] Scores(double scale, double bias)
    {
        double[,] s = new double[Count, Count];
        for (int i = 0; i < Count; i++)
            for (int j = 0; j < Count; j++) s[i, j] = scale * Dot(i, j) + bias;
        return s;
    }

    /// <summary>
    /// Computes all other gradients from the gradient of the scores:
    /// <code>
    /// dx_i = t sum_j ds_ij y_j      dy_j = t sum_i ds_ij x_i      dt = sum ds_ij x_i . y_j      db = sum ds_ij
    /// </code>
    /// </summary>
    public PairLoss Gradients(double loss, double[,] ds, double scale)
    {
        double[] dx = new double[x.Length], dy = new double[y.Length];
        double dt = 0, db = 0;
        for (int i = 0; i < Count; i++)
            for (int j = 0; j < Count; j++)
            {
                dt += ds[i, j] * Dot(i, j);
                db += ds[i, j];
                for (int k = 0; k < width; k++)
                {
                    dx[i * width + k] += scale * ds[i, j] * y[j * width + k];
                    dy[j * width + k] += scale * ds[i, j] * x[i * width + k];
                }
            }

        return new PairLoss(loss, Array.ConvertAll(dx, v => (float)v), Array.ConvertAll(dy, v => (float)v), dt, db);
    }

    private double Dot(int i, int j)
    {
        double sum = 0;
        for (int k = 0; k < width; k++) sum += (double)x[i * width + k] * y[j * width + k];
        return sum;
    }
}
