package dev.wick.cli;

import dev.wick.Device;
import dev.wick.error.BadArgumentException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A device, as it is given to {@code --device}. */
final class DeviceOption implements ITypeConverter<Device> {
    @Override
    public Device convert(String text) {
        try {
            Device device = Device.parse(text);
            if (device.type() != Device.Type.META) {
                return device;
            }
        } catch (BadArgumentException e) {
            // Said below.
        }
        throw new TypeConversionException("'" + text + "' is no device; there are cpu, cuda and cuda:N");
    }
}
