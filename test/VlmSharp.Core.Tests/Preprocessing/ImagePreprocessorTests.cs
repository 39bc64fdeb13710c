using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Core.Tests.Preprocessing;

public class ImagePreprocessorTests
{
    [Fact]
    public void PlanesAreRedGreenBlue()
    {
        var image = new RgbImage(2, 2, [0, 255, 51, 1, 2, 3, 4, 5, 6, 255, 0, 128]);
        float[] planes = new ImagePreprocessor(new PreprocessorConfig { Size = 2 }).Process(image);
        Assert.Equal(12, planes.Length);
        Assert.Equal((-1f, 1f), (planes[0], planes[3]));
        Assert.Equal((1f, -1f), (planes[4], planes[7]));
        Assert.Equal(((float)(51 * (1.0 / 255)) - 0.5f) / 0.5f, planes[8]);
        Assert.Equal(((float)(128 * (1.0 / 255)) - 0.5f) / 0.5f, planes[11]);
    }

    [Fact]
    public void EachChannelHasItsOwnMeanAndDeviation()
    {
        var config = new PreprocessorConfig { Size = 1, RescaleFactor = 0.5, Mean = [1, 2, 3], Std = [0.5f, 2, 4] };
        float[] planes = new ImagePreprocessor(config).Process(new RgbImage(1, 1, [100, 200, 10]));
        Assert.Equal([(50 - 1) / 0.5f, (100 - 2) / 2f, (5 - 3) / 4f], planes);
    }

    [Fact]
    public void ProcessResizesFirst()
    {
        RgbImage image = Pictures.Noise(30, 20);
        var preprocessor = new ImagePreprocessor(new PreprocessorConfig { Size = 14 });
        RgbImage seen = preprocessor.Resize(image);
        Assert.Equal(image.Resize(14, 14).Pixels, seen.Pixels);
        Assert.Equal(preprocessor.Process(seen), preprocessor.Process(image));
    }

    [Fact]
    public void MemoryOfTheCallerReceivesTheSame()
    {
        RgbImage image = Pictures.Noise(9, 5);
        var preprocessor = new ImagePreprocessor(new PreprocessorConfig { Size = 3 });
        var planes = new float[29];
        planes[0] = planes[28] = 7;
        preprocessor.Process(image, planes.AsSpan(1, 27));
        Assert.Equal([7, .. preprocessor.Process(image), 7], planes);
    }

    [Fact]
    public void WhatDoesNotFitIsNamed()
    {
        var preprocessor = new ImagePreprocessor(new PreprocessorConfig { Size = 2 });
        var error = Assert.Throws<ArgumentException>(() => preprocessor.Process(new RgbImage(2, 2), new float[11]));
        Assert.Contains("11 elements", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => new ImagePreprocessor(new PreprocessorConfig { Size = 0 }));
        Assert.Contains("size is 0, not 1 to 4096", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => new ImagePreprocessor(new PreprocessorConfig { Size = 4097 }));
        Assert.Contains("size is 4097", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => new ImagePreprocessor(new PreprocessorConfig { Mean = [0.5f] }));
        Assert.Contains("1 means and 3 deviations for three channels", error.Message, StringComparison.Ordinal);
    }
}
